"""What the account demands of entities, items and lists when they are saved (NetSuite §12.1–12.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import Refusal, invalid_value, required, user_error

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft
    from crosswalk_sandbox.netsuite.store import Row, Store

_EMAIL: Final = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s.,;]{2,}")
_PHONES: Final = ("phone", "altphone", "mobilephone", "homephone", "officephone", "fax")
_DEFAULT_STATUS: Final = 13  # CUSTOMER-Closed Won


class Rules:
    """Checks and completes a draft before it is saved; ``before`` is None on create."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: dict[str, Callable[[Draft, Row | None], None]] = {
            "customer": self._customer,
            "contact": self._contact,
            "employee": self._person,
            "vendor": self._person,
            "item": self._item,
            "customersubsidiaryrelationship": self._relationship,
        }

    def check(self, draft: Draft, before: Row | None) -> None:
        """Raise the account's refusal of the draft, or complete it."""
        self._formats(draft)
        self._rules.get(draft.kind.table, self._list)(draft, before)

    def after(self, draft: Draft, ident: int, before: Row | None) -> None:
        """Keep what hangs on the saved record."""
        if draft.kind.table == "customer":
            self._after_customer(draft, ident, before)
        elif draft.kind.table == "contact":
            self._after_contact(draft, ident)
        elif draft.kind.table == "item":
            self._after_item(draft, ident)
        elif draft.kind.table == "currency":
            self._store.forget_rates()

    # formats

    def _formats(self, draft: Draft) -> None:
        for column in ("email", "altemail"):
            value = draft.get(column)
            if value and not _EMAIL.fullmatch(value):
                raise user_error(f'Invalid email address "{value}": please enter a valid email address.')
        for column in _PHONES:
            value = draft.get(column)
            if value and not 7 <= len(value) <= 32:
                raise user_error(
                    f"Invalid phone number {value}: phone numbers should have between 7 and 32 characters."
                )
        url = draft.get("url")
        if url and draft.kind.family == "entity" and not re.match(r"https?://", url, re.IGNORECASE):
            raise user_error("Invalid url. Url must start with http://, https://, ftp://, or file://")

    # customers

    def _customer(self, draft: Draft, before: Row | None) -> None:
        if before is None:
            self._new_customer(draft)
        else:
            self._changed_customer(draft, before)
        status = draft.get("entitystatus")
        if status is not None:
            stage = self._store.value("SELECT stage FROM customerstatus WHERE id = ?", (status,))
            draft.values["searchstage"] = draft.values["stage"] = stage
        self._unique_name(draft, before)

    def _new_customer(self, draft: Draft) -> None:
        draft.default("isperson", "F")
        names = ("firstname", "lastname") if draft.get("isperson") == "T" else ("companyname",)
        labels = {"firstname": "First Name", "lastname": "Last Name", "companyname": "Company Name"}
        missing = [labels[name] for name in names if not draft.get(name)]
        if self._store.options.one_world and draft.get("subsidiary") is None:
            missing.append("Primary Subsidiary")
        if missing:
            raise required(*missing)
        name = " ".join(draft.values[part] for part in names)
        draft.default("altname", name)
        self._name_customer(draft, name)
        self._active_subsidiary(draft)
        draft.default("currency", self._base_currency(draft.get("subsidiary")))
        draft.default("entitystatus", _DEFAULT_STATUS)
        draft.default("creditholdoverride", "AUTO")
        draft.default("emailpreference", "DEFAULT")
        draft.default("taxable", "T")
        draft.default("taxitem", self._tax_code(draft.get("subsidiary")))

    def _name_customer(self, draft: Draft, name: str) -> None:
        automatic = draft.get("autoname") == "T" if draft.has("autoname") else self._store.options.auto_name
        if automatic:
            number = self._store.next_id("entity number", 1_000_001)
            draft.values["entityid"] = f"CUST{number}"
            draft.values["entitynumber"] = number
        else:
            draft.default("entityid", name)
        draft.values["autoname"] = "T" if automatic else "F"

    def _changed_customer(self, draft: Draft, before: Row) -> None:
        if draft.has("isperson") and draft.get("isperson") != before["isperson"]:
            raise user_error("You cannot change a customer between individual and company.")
        has_documents = self._has_documents(before["id"])
        for column, label in (("currency", "currency"), ("subsidiary", "subsidiary")):
            changed = draft.has(column) and draft.get(column) != before[column]
            if changed and has_documents:
                raise user_error(f"The {label} cannot be changed because transactions exist for this record.")
        if before["autoname"] == "T" and draft.get("autoname") != "F":
            draft.values.pop("entityid", None)
        if draft.has("companyname") and before["isperson"] != "T":
            if not draft.get("companyname"):
                raise required("Company Name")
            draft.default("altname", draft.get("companyname"))
        self._active_subsidiary(draft)

    def _has_documents(self, ident: int) -> bool:
        return self._store.value('SELECT 1 FROM "transaction" WHERE entity = ? LIMIT 1', (ident,)) is not None

    def _active_subsidiary(self, draft: Draft) -> None:
        ident = draft.get("subsidiary")
        if ident is None or not isinstance(ident, int):
            return
        if self._store.value("SELECT isinactive FROM subsidiary WHERE id = ?", (ident,)) == "T":
            raise invalid_value(ident, "subsidiary", "subsidiary")

    def _base_currency(self, subsidiary: int | None) -> int:
        found = self._store.value("SELECT currency FROM subsidiary WHERE id = ?", (subsidiary,))
        return int(found or self._store.value("SELECT id FROM currency WHERE isbasecurrency = 'T'") or 1)

    def _tax_code(self, subsidiary: int | None) -> int | None:
        """The subsidiary's own tax code: the first one of its country."""
        sql = (
            "SELECT t.id FROM salestaxitem t JOIN subsidiary s ON s.country = t.country WHERE s.id = ?"
            " AND t.isinactive = 'F' AND t.rate > 0 ORDER BY t.id LIMIT 1"
        )
        found = self._store.value(sql, (subsidiary,))
        return int(found) if found is not None else None

    def _unique_name(self, draft: Draft, before: Row | None) -> None:
        name = draft.get("entityid")
        if not name:
            return
        sql = f'SELECT id FROM "{draft.kind.table}" WHERE entityid = ? AND id IS NOT ?'
        if self._store.value(sql, (name, before["id"] if before else None)) is not None:
            raise self.duplicate("This entity already exists.")

    def duplicate(self, text: str) -> Refusal:
        """The refusal of a second record with a unique value; its code is not settled (NetSuite §15)."""
        refusal = user_error(text)
        refusal.code = self._store.options.duplicate_code
        return refusal

    def _after_customer(self, draft: Draft, ident: int, before: Row | None) -> None:
        if before is None:
            self._store.insert("customercurrencybalance", {"customer": ident, "currency": draft.get("currency")})
        if self._store.options.one_world and draft.get("subsidiary") is not None:
            self._primary_subsidiary(ident, int(draft.get("subsidiary")))
        for default, column in (
            ("defaultbilling", "defaultbillingaddress"),
            ("defaultshipping", "defaultshippingaddress"),
        ):
            sql = f"SELECT addressbookaddress FROM customeraddressbook WHERE entity = ? AND {default} = 'T'"
            self._store.update("customer", "id", ident, {column: self._store.value(sql, (ident,))})
        sql = "UPDATE customer SET defaultaddress = (SELECT addrtext FROM address WHERE nkey = defaultbillingaddress) WHERE id = ?"
        with self._store.write() as connection:
            connection.execute(sql, (ident,))
            connection.execute("UPDATE customer SET toplevelparent = COALESCE((SELECT p.toplevelparent FROM customer p"
                               " WHERE p.id = customer.parent), id) WHERE id = ?", (ident,))  # fmt: skip

    def _primary_subsidiary(self, customer: int, subsidiary: int) -> None:
        table = "customersubsidiaryrelationship"
        known = self._store.value(f"SELECT id FROM {table} WHERE entity = ? AND subsidiary = ?", (customer, subsidiary))
        with self._store.write() as connection:
            connection.execute(f"UPDATE {table} SET isprimarysub = 'F' WHERE entity = ?", (customer,))
        if known is not None:
            self._store.update(table, "id", known, {"isprimarysub": "T"})
            return
        facts = {"id": self._store.next_id(table), "entity": customer, "subsidiary": subsidiary, "isprimarysub": "T",
                 "primarycurrency": self._store.value("SELECT currency FROM customer WHERE id = ?", (customer,)),
                 "lastmodifieddate": self._store.stamp()}  # fmt: skip
        self._store.insert(table, facts)

    # contacts and other people

    def _contact(self, draft: Draft, before: Row | None) -> None:
        if before is None:
            self._name_person(draft)
            company = draft.get("company")
            if company is not None and self._store.options.one_world:
                draft.default(
                    "subsidiary", self._store.value("SELECT subsidiary FROM customer WHERE id = ?", (company,))
                )
            if self._store.options.one_world and draft.get("subsidiary") is None:
                raise required("Subsidiary")
        name = draft.get("entityid") or (before["entityid"] if before else None)
        company = draft.get("company") if draft.has("company") else (before["company"] if before else None)
        sql = "SELECT id FROM contact WHERE company IS ? AND entityid = ? AND id IS NOT ?"
        if self._store.value(sql, (company, name, before["id"] if before else None)) is not None:
            raise self.duplicate(
                "A contact record with this name already exists. Every contact record must have a unique name."
            )

    def _name_person(self, draft: Draft) -> None:
        names = [draft.get(column) for column in ("firstname", "lastname")]
        draft.default("entityid", " ".join(name for name in names if name) or None)
        if not draft.get("entityid"):
            raise required("Contact Name" if draft.kind.table == "contact" else "Name")
        if not any(names):
            first, _, last = draft.get("entityid").partition(" ")
            draft.values |= {"firstname": first, "lastname": last or None}

    def _after_contact(self, draft: Draft, ident: int) -> None:
        company = draft.get("company")
        if company is None:
            return
        sql = "SELECT 1 FROM companycontactrelationship WHERE company = ? AND contact = ?"
        if self._store.value(sql, (company, ident)) is None:
            self._store.insert("companycontactrelationship", {"company": company, "contact": ident})

    def _person(self, draft: Draft, before: Row | None) -> None:
        if before is None:
            draft.default("entityid", draft.get("companyname"))
            self._name_person(draft)
            if self._store.options.one_world and draft.get("subsidiary") is None:
                raise required("Subsidiary")
        self._unique_name(draft, before)

    def _relationship(self, draft: Draft, before: Row | None) -> None:
        if before is None:
            missing = [
                label for column, label in (("entity", "Entity"), ("subsidiary", "Subsidiary")) if not draft.get(column)
            ]
            if missing:
                raise required(*missing)
            sql = "SELECT 1 FROM customersubsidiaryrelationship WHERE entity = ? AND subsidiary = ?"
            if self._store.value(sql, (draft.get("entity"), draft.get("subsidiary"))) is not None:
                raise self.duplicate("This record already exists")

    # items and lists

    def _item(self, draft: Draft, before: Row | None) -> None:
        if before is None:
            self._new_item(draft)
        name = draft.get("itemid")
        if name:
            sql = "SELECT id FROM item WHERE itemid = ? AND id IS NOT ?"
            if self._store.value(sql, (name, before["id"] if before else None)) is not None:
                raise self.duplicate("This record already exists")
            parent = draft.get("parent") or (before["parent"] if before else None)
            above = self._store.value("SELECT itemid FROM item WHERE id = ?", (parent,)) if parent else None
            draft.values["fullname"] = f"{above} : {name}" if above else name

    def _new_item(self, draft: Draft) -> None:
        options = self._store.options
        missing = [] if draft.get("itemid") else ["Item Name/Number"]
        if options.one_world and not draft.get("subsidiary"):
            missing.append("Subsidiary")
        if options.tax == "suitetax" and draft.get("taxschedule") is None and "taxschedule" in draft.kind.fields:
            missing.append("Tax Schedule")
        if missing:
            raise required(*missing)
        draft.default("isfulfillable", "T" if draft.kind.match["itemtype"] != "Service" else "F")
        if draft.kind.match["itemtype"] == "InvtPart":
            draft.default("costingmethod", "AVG")

    def _after_item(self, draft: Draft, ident: int) -> None:
        if "price" in draft.lists:
            self._compute_prices(ident)
        if not draft.has("subsidiary"):
            return
        self._store.delete("itemsubsidiarymap", "item", ident)
        for number in (draft.get("subsidiary") or "").split(", "):
            if number:
                self._store.insert("itemsubsidiarymap", {"item": ident, "subsidiary": int(number)})

    def _compute_prices(self, ident: int) -> None:
        """Levels defined as a percentage show computed prices (NetSuite §12.3) where none was entered."""
        with self._store.write() as connection:
            connection.execute("DELETE FROM pricing WHERE item = ? AND computed = 'T'", (ident,))
        base = self._store.rows(
            "SELECT * FROM pricing WHERE item = ? AND pricelevel = 1 AND customer IS NULL", (ident,)
        )
        levels = self._store.rows(
            "SELECT id, discountpct FROM pricelevel WHERE discountpct IS NOT NULL AND isinactive = 'F'"
        )
        sql = "SELECT 1 FROM pricing WHERE item = ? AND pricelevel = ? AND currency = ? AND quantity = ?"
        for level in levels:
            for row in base:
                if self._store.value(sql, (ident, level["id"], row["currency"], row["quantity"])) is None:
                    price = round(float(row["unitprice"] or 0) * (1 + float(level["discountpct"]) / 100), 8)
                    facts = {
                        **row,
                        "internalid": self._store.next_id("pricing"),
                        "pricelevel": level["id"],
                        "computed": "T",
                    }
                    self._store.insert("pricing", facts | {"unitprice": price})

    def _list(self, draft: Draft, before: Row | None) -> None:
        column = next((name for name in ("name", "itemid", "periodname") if name in draft.kind.fields), None)
        if before is None and column is not None and not draft.get(column):
            raise required("Name")
        if "fullname" in draft.kind.fields and draft.get("name"):
            draft.values["fullname"] = draft.get("name")


def created_column(kind: Any) -> str | None:
    """The column that keeps when a record of the type was made (NetSuite §12.1)."""
    return next((name for name in ("datecreated", "createddate") if name in kind.fields), None)
