"""Records by the keys of the intents that created them; the records themselves are asked, no index that lags behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.bodies import MOST_CODE, MOST_ITEM_CODE, code_of
from crosswalk.connectors.sap_business_one.odata import MOST_KEYS, behind, chunks, either, one_of
from crosswalk.connectors.sap_business_one.pages import Question, Rows
from crosswalk.connectors.sap_business_one.sources import WRITABLE, Source, source_of
from crosswalk.model.errors import RecordError, ValidationError

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client


def find(client: Client, key_field: str, entity_name: str, intent_keys: Sequence[str]) -> dict[str, str]:
    """Return ``{intent key: native id}``; the records themselves are asked. A draft is no order yet, and not found."""
    source = writable(entity_name)
    keys = list(dict.fromkeys(key for key in intent_keys if key))
    if not keys:
        return {}
    return _contacts_under(client, key_field, keys) if source.rows else _records_under(client, key_field, source, keys)


def _records_under(client: Client, key_field: str, source: Source, keys: Sequence[str]) -> dict[str, str]:
    return found_under(key_field, source, keys, client.ask_in_batches(search(key_field, source, keys)))


def search(key_field: str, source: Source, keys: Sequence[str]) -> list[Question]:
    """Return what asks for records that bear a key, or the code that is made of it: where a code was made, it names the intent as well."""
    name, codes = source.keys[0], _codes(source, keys)
    options = {"select": f"{name},{key_field}", "orderby": name}
    asked = []
    for part in chunks(key_field, list(keys)):
        mine = [code for code, key in codes.items() if key in part]
        condition = either(one_of(key_field, part), one_of(name, mine) if mine else "")
        asked.append(Question(source.native, 2 * len(part), {**options, "filter": condition}))
    return asked


def found_under(key_field: str, source: Source, keys: Sequence[str], answers: Iterable[Rows]) -> dict[str, str]:
    """Return ``{intent key: native id}`` of what `search` brought."""
    name, codes, found = source.keys[0], _codes(source, keys), {}
    for answer in answers:
        for row in reversed(answer.rows):
            for key in filter(None, (codes.get(str(row[name])), row.get(key_field))):
                found[str(key)] = str(row[name])
    return {key: found[key] for key in keys if key in found}


def _codes(source: Source, keys: Sequence[str]) -> dict[str, str]:
    return {} if source.numeric else {code_for(source, key): key for key in keys}


def code_for(source: Source, key: str) -> str:
    """Return the code that a new record is given where nobody chose one."""
    return code_of(key, MOST_CODE if source.entity == "customer" else MOST_ITEM_CODE)


_CONTACTS = "BusinessPartners/ContactEmployees"
_SCANNED = 500  # partners a page


def _contacts_under(client: Client, key_field: str, keys: Sequence[str]) -> dict[str, str]:
    """Contacts are rows, which only the row query reaches (§5); where that is refused, all partners are gone through."""
    found: dict[str, str] = {}
    options = [
        f"$expand=BusinessPartners($select=CardCode),{_CONTACTS}($select=CardCode,InternalCode,{key_field})"
        f"&$filter=BusinessPartners/CardCode eq {_CONTACTS}/CardCode and {one_of(f'{_CONTACTS}/{key_field}', keys[i : i + MOST_KEYS])}"
        for i in range(0, len(keys), MOST_KEYS)
    ]
    try:
        for row in client.query_rows(f"$crossjoin(BusinessPartners,{_CONTACTS})", options):
            own = row[_CONTACTS]
            found.setdefault(str(own[key_field]), f"{row['BusinessPartners']['CardCode']}|{own['InternalCode']}")
    except RecordError:
        found = _contacts_of_all(client, key_field)
    return {key: found[key] for key in keys if key in found}


def _contacts_of_all(client: Client, key_field: str) -> dict[str, str]:
    found: dict[str, str] = {}
    after: tuple[str, ...] = ()
    more = True
    while more:
        answer = client.rows(
            "BusinessPartners",
            _SCANNED,
            select="CardCode,ContactEmployees",
            filter=behind(("CardCode",), after),
            orderby="CardCode",
        )
        for there in answer.rows:
            found |= keyed_contacts(there, key_field)
        after, more = (str(answer.rows[-1]["CardCode"]),) if answer.rows else after, answer.more
    return found


def keyed_contacts(there: Mapping[str, Any], key_field: str) -> dict[str, str]:
    """Return the contacts of a partner that bear a key, by it."""
    rows = there.get("ContactEmployees") or ()
    return {str(row[key_field]): f"{there['CardCode']}|{row['InternalCode']}" for row in rows if row.get(key_field)}


def writable(name: str) -> Source:
    """Return the source of an entity that is written; raises ValidationError for one that is the company's own."""
    source = source_of(name)
    if name not in WRITABLE:
        raise ValidationError(
            f"A {name} is not written into SAP Business One.",
            hint="Remove it from the writes: it is the company's own.",
        )
    return source
