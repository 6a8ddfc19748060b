from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from crosswalk.connectors.netsuite.bodies import changed_addresses, document, lines_of, new_addresses, split_addresses

BONN = {"addr1": "Markt 1", "city": "Bonn", "country": "DE"}
KIEL = {"addr1": "Kai 2", "city": "Kiel", "country": "DE"}


def address(parts: dict[str, str]) -> dict[str, object]:
    return {**parts, "country": {"id": parts["country"]}}


def test_references_and_enumerations_become_objects_and_the_rest_stays() -> None:
    body = document(
        "salesOrder",
        {
            "entity": "107", "orderStatus": "B", "tranDate": date(2026, 3, 12), "memo": "a\nb", "exchangeRate": Decimal("1.10"),
            "shipComplete": True, "custbody_ref": "x", "terms": None, "currency": 1,
            "custbody_when": datetime(2026, 3, 12, 8, 57, tzinfo=UTC),
        },
    )  # fmt: skip
    assert body == {
        "entity": {"id": "107"},
        "orderStatus": {"id": "B"},
        "tranDate": date(2026, 3, 12),
        "memo": "a\nb",
        "exchangeRate": Decimal("1.10"),
        "shipComplete": True,
        "custbody_ref": "x",
        "terms": None,
        "currency": {"id": "1"},
        "custbody_when": "2026-03-12T08:57:00Z",
    }


def test_the_same_name_is_a_reference_only_in_the_types_that_have_it_so() -> None:
    assert document("customer", {"priceLevel": "5", "entity": "x"}) == {"priceLevel": {"id": "5"}, "entity": "x"}
    assert document("customerPayment", {"customer": "9", "payment": Decimal(5)}) == {
        "customer": {"id": "9"},
        "payment": Decimal(5),
    }
    assert document("item", {"subsidiary": "1"}) == {"subsidiary": {"items": [{"id": "1"}]}}
    assert document("item", {"subsidiary": None}) == {"subsidiary": {"items": []}}


def test_dotted_paths_nest() -> None:
    body = document(
        "salesOrder", {"shippingAddress.city": "Bonn", "shippingAddress.country": "DE", "custbody_zone.id": "4"}
    )
    assert body == {"shippingAddress": {"city": "Bonn", "country": {"id": "DE"}}, "custbody_zone": {"id": "4"}}


def test_lines_travel_as_items_with_their_own_references() -> None:
    line = {
        "item": "12",
        "quantity": Decimal("2.5"),
        "price": "-1",
        "rate": Decimal("19.90"),
        "taxCode": None,
        "units": "Each",
    }
    assert lines_of("item", [line]) == {
        "items": [
            {"item": {"id": "12"}, "quantity": Decimal("2.5"), "price": {"id": "-1"}, "rate": Decimal("19.90"),
             "taxCode": None, "units": "Each"}
        ]
    }  # fmt: skip


def test_two_equal_addresses_become_one_entry() -> None:
    assert new_addresses({"billing": BONN, "shipping": dict(BONN)}) == {
        "items": [{"defaultBilling": True, "defaultShipping": True, "addressBookAddress": address(BONN)}]
    }


def test_two_different_addresses_become_two_entries() -> None:
    assert new_addresses({"billing": BONN, "shipping": KIEL}) == {
        "items": [
            {"defaultBilling": True, "addressBookAddress": address(BONN)},
            {"defaultShipping": True, "addressBookAddress": address(KIEL)},
        ]
    }


def test_an_address_without_a_single_value_is_none() -> None:
    rest, addresses = split_addresses(
        {"email": "a@b", "billing.city": None, "billing.zip": None, "shipping.city": "Kiel"}
    )
    assert (rest, addresses) == ({"email": "a@b"}, {"shipping": {"city": "Kiel"}})


def book(internalid: str, billing: str, shipping: str, **parts: str) -> dict[str, str]:
    return {"internalid": internalid, "defaultbilling": billing, "defaultshipping": shipping, **parts}


def test_a_changed_address_names_the_entry_it_changes() -> None:
    changed = changed_addresses({"billing": {"city": "Bonn"}}, [book("39", "T", "F"), book("40", "F", "T")])
    assert changed == {"items": [{"internalId": 39, "defaultBilling": True, "addressBookAddress": {"city": "Bonn"}}]}


def test_a_first_address_is_added() -> None:
    assert changed_addresses({"billing": BONN}, []) == new_addresses({"billing": BONN})
    assert changed_addresses({"billing": BONN, "shipping": BONN}, []) == new_addresses(
        {"billing": BONN, "shipping": BONN}
    )


def test_changing_one_of_two_that_share_an_entry_leaves_the_other_alone() -> None:
    shared = book("39", "T", "T", addr1="Markt 1", city="Bonn", country="DE")
    assert changed_addresses({"billing": {"city": "Kiel"}}, [shared]) == {
        "items": [{"defaultBilling": True, "addressBookAddress": address({**BONN, "city": "Kiel"})}]
    }


def test_changing_both_that_share_an_entry_alike_changes_the_entry() -> None:
    shared = book("39", "T", "T", addr1="Markt 1", city="Bonn", country="DE")
    (item,) = changed_addresses({"billing": KIEL, "shipping": KIEL}, [shared])["items"]
    assert item["internalId"] == 39
    assert item["addressBookAddress"] == address(KIEL)


def test_a_part_that_became_empty_is_cleared() -> None:
    (item,) = changed_addresses({"billing": {"city": "Bonn", "state": None}}, [book("39", "T", "F")])["items"]
    assert item["addressBookAddress"] == {"city": "Bonn", "state": None}
