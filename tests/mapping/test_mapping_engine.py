"""The mapper on whole records of the shipped mappings."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.mapping.converters import Law
from crosswalk.mapping.definition import FieldMapping
from crosswalk.mapping.document import load_mapping
from crosswalk.mapping.engine import Mapper, fingerprint
from crosswalk.mapping.lens import Lens
from crosswalk.mapping.values import Unfit
from crosswalk.model.errors import ConfigurationError, ErrorClass, ValidationError
from crosswalk.model.records import NativeRecord, Value
from tests.mapping.strategies import SHIPPED, natives

MODIFIED = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUSTOMER: dict[str, Value] = {
    "companyname": " Acme  GmbH ",
    "entityid": "C1042",
    "externalid": "SF-ACC-001A000001abcDE",
    "email": "Info@Acme.DE",
    "phone": "030 901820",
    "url": "https://www.Acme.de/",
    "isinactive": False,
    "currency.symbol": "EUR",
    "subsidiary.name": "Northwind Europe",
    "billing.addr1": "Unter den Linden 1",
    "billing.city": "Berlin",
    "billing.zip": "10117",
    "billing.country": "DE",
    "oncredithold": "T",
    "creditholdoverride": "AUTO",
    "creditlimit": Decimal("50000.00"),
    "balancesearch": Decimal("0.00"),
}


def mapper(system: str, entity: str) -> Mapper:
    return Mapper(system, SHIPPED[system].entities[entity])


def record(values: dict[str, Value], key: str = "107", *, deleted: bool = False) -> NativeRecord:
    return NativeRecord(key, "v1", MODIFIED, deleted, values)


def test_a_netsuite_customer_becomes_an_image() -> None:
    image = mapper("netsuite", "customer").to_image(record(CUSTOMER))
    assert (image.system, image.entity, image.key, image.version, image.modified) == (
        "netsuite",
        "customer",
        "107",
        "v1",
        MODIFIED,
    )
    assert {name: value for name, value in image.values.items() if value is not None} == {
        "name": "Acme GmbH",
        "number": "C1042",
        "counterpart_key": "001A000001abcDE",
        "email": "info@acme.de",
        "phone": "+4930901820",
        "website": "www.acme.de",
        "is_active": True,
        "currency": "EUR",
        "subsidiary": "Northwind Europe",
        "billing_street": "Unter den Linden 1",
        "billing_city": "Berlin",
        "billing_postal_code": "10117",
        "billing_country": "DE",
        "credit_hold": "hold",
        "credit_limit": Decimal("50000.00"),
        "balance": Decimal("0.00"),
    }
    assert image.extras == {"credit_hold_override": "AUTO"}
    assert image.fingerprint == fingerprint(image.values, image.extras)


def test_every_mapped_field_is_in_the_image_also_when_it_is_empty() -> None:
    image = mapper("netsuite", "customer").to_image(record(CUSTOMER))
    assert set(image.values) == set(SHIPPED["netsuite"].entities["customer"].fields)


def test_one_customer_is_the_same_in_both_systems() -> None:
    account: dict[str, Value] = {
        "Name": "Acme GmbH",
        "Phone": "+49 30 901820",
        "Website": "http://www.acme.de",
        "BillingStreet": "Unter den Linden 1",
        "BillingCity": "Berlin",
        "BillingPostalCode": "10117",
        "BillingCountry": "Germany",
        "CurrencyIsoCode": "EUR",
        "ERP_Credit_Status__c": "Hold",
    }
    crm = mapper("salesforce", "customer").to_image(record(account, "001A000001abcDE")).values
    erp = mapper("netsuite", "customer").to_image(record(CUSTOMER)).values
    shared = {name for name in crm if crm[name] is not None and name in erp}
    assert {name for name in shared if crm[name] != erp[name]} == set()
    assert len(shared) == 9


def test_an_account_is_written_to_netsuite_under_rest_names() -> None:
    written = mapper("netsuite", "customer").to_native(
        {
            "name": "Acme",
            "counterpart_key": "001A",
            "website": "acme.de",
            "is_active": False,
            "billing_country": "DE",
            "phone": None,
        }
    )
    assert written == {
        "companyName": "Acme",
        "externalId": "SF-ACC-001A",
        "url": "https://acme.de",
        "isInactive": True,
        "billing.country": "DE",
        "phone": None,
    }


def test_a_country_goes_to_salesforce_by_name() -> None:
    assert mapper("salesforce", "customer").to_native({"billing_country": "KR"}) == {"BillingCountry": "South Korea"}


def test_a_sales_line_keeps_its_sign_in_the_document() -> None:
    lines = mapper("netsuite", "order_line")
    row: dict[str, Value] = {
        "transaction": "9",
        "quantity": Decimal(-2),
        "rate": Decimal("5"),
        "foreignamount": Decimal("-10"),
    }
    values = lines.to_image(record(row, "9|1")).values
    assert (values["quantity"], values["unit_price"], values["total"]) == (Decimal(2), Decimal(5), Decimal(10))
    assert lines.to_native({"quantity": Decimal(2)}) == {"quantity": Decimal(2)}


@pytest.mark.parametrize(
    ("letter", "status"), [("A", "pending_approval"), ("E", "partially_shipped"), ("F", "shipped"), ("H", "closed")]
)
def test_status_letters_become_choices(letter: str, status: str) -> None:
    assert mapper("netsuite", "order").to_image(record({"status": letter})).values["status"] == status


def test_a_person_is_named_by_altname() -> None:
    person = {**CUSTOMER, "companyname": None, "altname": "Jane Doe"}
    assert mapper("netsuite", "customer").to_image(record(person)).values["name"] == "Jane Doe"


def test_a_deleted_record_is_a_tombstone_whatever_it_still_holds() -> None:
    image = mapper("netsuite", "customer").to_image(record({"billing.country": "Atlantis"}, deleted=True))
    assert image.deleted
    assert (dict(image.values), dict(image.extras)) == ({}, {})


def test_a_bad_value_names_record_field_place_and_remedy() -> None:
    with pytest.raises(ValidationError) as caught:
        mapper("netsuite", "customer").to_image(record({**CUSTOMER, "billing.country": "Atlantis"}))
    error = caught.value
    assert str(error).startswith(
        "netsuite customer 107: billing_country (billing.country): 'Atlantis' is no country we know."
    )
    place = SHIPPED["netsuite"].entities["customer"].fields["billing_country"].place
    assert place.startswith("netsuite.yaml:")
    assert f"Mapped in {place}." in error.hint
    assert (error.system, error.record, error.field, error.error_class) == (
        "netsuite",
        "107",
        "billing_country",
        ErrorClass.VALIDATION,
    )


@pytest.mark.parametrize(
    ("native", "bad", "field"),
    [
        ("status", "Z", "status"),
        ("trandate", "last week", "order_date"),
        ("foreigntotal", "a lot", "total"),
        ("currency.symbol", "Dollar", "currency"),
    ],
)
def test_the_failing_field_is_the_one_that_is_named(native: str, bad: Value, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        mapper("netsuite", "order").to_image(record({"status": "B", native: bad}))
    assert caught.value.field == field


def test_an_empty_required_field_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"customer 107: name \(companyname\): is empty and required"):
        mapper("netsuite", "customer").to_image(record({**CUSTOMER, "companyname": None}))


def test_reading_one_way_writing_never() -> None:
    for system, mapping in SHIPPED.items():
        for entity in mapping.entities.values():
            for field in entity.every_field:
                if field.law is Law.ONE_WAY:
                    with pytest.raises(ConfigurationError, match=f"{field.name} is one_way"):
                        Mapper(system, entity).to_native({field.name: None})


def test_an_unmapped_field_cannot_be_written() -> None:
    with pytest.raises(
        ConfigurationError, match=r"salesforce customer: terms is not mapped\. Add a line .* salesforce\.yaml"
    ):
        mapper("salesforce", "customer").to_native({"terms": "Net 30"})


def test_a_value_without_room_names_the_record_it_was_for() -> None:
    with pytest.raises(
        ValidationError, match=r"netsuite order SF-OPP-1: purchase_order .* 46 characters, the system takes 45"
    ) as caught:
        mapper("netsuite", "order").to_native({"purchase_order": "9" * 46}, record="SF-OPP-1")
    assert caught.value.record == "SF-OPP-1"


def test_the_selection_asks_for_each_native_field_once_and_for_regions() -> None:
    selection = mapper("salesforce", "contact").selection
    paths = [field.path for field in selection.fields]
    assert (selection.entity, selection.native) == ("contact", "Contact")
    assert len(paths) == len(set(paths))
    assert "Account.BillingCountry" in paths
    kinds = {field.path: field.kind for field in mapper("netsuite", "customer").selection.fields}
    assert (kinds["creditlimit"], kinds["isinactive"], kinds["altname"]) == ("amount", "boolean", "text")


def test_a_default_fills_what_is_empty_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "netsuite.yaml"
    path.write_text(
        "system: netsuite\nentities:\n  customer:\n    native: customer\n    fields:\n"
        "      name: {native: companyname, law: iso}\n"
        "      is_active: {native: isinactive, law: lossy, convert: inverted, default: true}\n"
        "    extras:\n"
        "      score: {native: custentity_score, law: iso, kind: quantity}\n"
    )
    custom = Mapper("netsuite", load_mapping(path).entities["customer"])
    image = custom.to_image(record({"companyname": "A", "custentity_score": Decimal("2.50")}))
    assert (image.values["is_active"], image.extras) == (True, {"score": Decimal("2.5")})
    assert custom.to_native({"is_active": None, "score": Decimal(3)}) == {
        "isinactive": False,
        "custentity_score": Decimal(3),
    }


ENTITIES = [(system, entity) for system, mapping in SHIPPED.items() for entity in mapping.entities]


@pytest.mark.parametrize(("system", "entity"), ENTITIES)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_record_that_was_read_is_the_same_after_writing_it_back(
    system: str, entity: str, data: st.DataObject
) -> None:
    mapped = mapper(system, entity)
    fields = mapped.mapping.every_field
    rows: dict[str, Value] = {}
    for field in fields:
        rows.setdefault(field.native, _acceptable(field, data.draw(natives(field), label=field.native)))
    written, first = _round_trip(mapped, rows)
    shown = {field.native: _stored(field, written[field.target]) for field in fields if field.target in written}
    again, second = _round_trip(mapped, {**rows, **shown})
    iso = [field.name for field in fields if field.law is Law.ISO]
    assert [second[name] for name in iso] == [first[name] for name in iso]
    assert again == written


def _acceptable(field: FieldMapping, native: Value) -> Value:
    """Return a native value that can be read and written back; what a field refuses is tested elsewhere."""
    lens = Lens(field)
    try:
        value = lens.read(native)
        if field.law is not Law.ONE_WAY:
            lens.write(value)
    except Unfit:
        value = None
    usable = native if value is not None else None
    return "Acme" if usable is None and field.required else usable


def _round_trip(mapped: Mapper, rows: dict[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    image = mapped.to_image(record(rows))
    values = {**image.values, **image.extras}
    writable = [field.name for field in mapped.mapping.every_field if field.law is not Law.ONE_WAY]
    return mapped.to_native({name: values[name] for name in writable}), values


def _stored(field: FieldMapping, native: Value) -> Value:
    return None if native is None else Lens(field).stored(native)


def test_dates_stay_dates() -> None:
    image = mapper("netsuite", "order").to_image(record({"status": "B", "trandate": date(2026, 3, 1)}))
    assert image.values["order_date"] == date(2026, 3, 1)
