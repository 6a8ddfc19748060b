"""SAP Business One §4 to §7, §10, §11, §15: entities, properties, child rows, ETags, user fields, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from business_one_account import FIRST, SECOND, Client, Opener, code_of

from crosswalk_sandbox.sap_business_one.schema.model import vendor_model

CONTRACTS = Path(__file__).parents[2] / "contracts" / "sap_business_one"
NEWER = {"SAFTProductTypeEx", "NaturalPer", "SirenNumber", "SiretNumber", "VATExemptionReason", "RoutingCode"}


def contract(name: str) -> Any:
    return json.loads((CONTRACTS / name).read_text())


def test_a_new_partner_is_answered_as_recorded(b1: Client) -> None:
    recorded = contract("business_partner_created.v2.json")
    names = [
        {"AddressName": f"VCR-{n}", "City": city, "AddressType": "bo_BillTo"}
        for n, city in enumerate(("CityOne", "CityTwo", "CityThree"), 1)
    ]
    answer = b1.call("POST", "BusinessPartners", {"CardCode": "CTEST0001", "CardName": "Sample customer", "CardType": "cCustomer", "FederalTaxID": "XAXX010101000", "BPAddresses": names})  # fmt: skip
    made = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (201, recorded["@odata.etag"])
    assert answer.headers["Location"] == f"{b1.root}BusinessPartners('CTEST0001')"
    assert set(recorded) - NEWER == set(made) - {"U_CrosswalkKey"} - (set(made) - set(recorded))
    kept = [
        {name: row[name] for name in ("AddressName", "City", "AddressType", "BPCode", "RowNum")}
        for row in made["BPAddresses"]
    ]
    assert kept == [{name: row[name] for name in kept[0]} for row in recorded["BPAddresses"]]
    same = ("CardCode", "CardType", "GroupCode", "CreditLimit", "BilltoDefault", "Valid", "Frozen", "Properties64", "BPIntrastatExtension", "DataVersion")  # fmt: skip
    assert {name: made[name] for name in same} == {name: recorded[name] for name in same}


def test_an_item_has_the_recorded_members(b1: Client) -> None:
    recorded, item = contract("items_get_one.v2.json"), b1.get("Items?$top=1")["value"][0]
    assert set(recorded) - {"@odata.context"} - NEWER <= set(item)
    assert set(recorded["ItemWarehouseInfoCollection"][0]) <= set(item["ItemWarehouseInfoCollection"][0])
    assert set(recorded["ItemPrices"][0]) <= set(item["ItemPrices"][0])


def test_the_sets_are_those_of_the_contract() -> None:
    model = vendor_model()
    for name, facts in contract("entity_sets.json").items():
        one = model.sets[name]
        assert (one.type, list(one.key), one.etag) == (facts["type"], facts["key"], facts["etag"])
        assert set(facts["bound_actions"]) == set(model.bound.get(one.type, ()))


@pytest.mark.parametrize("key", ["('CKEY')", "(CardCode='CKEY')", "%28%27CKEY%27%29", "(%27CKEY%27)"])
def test_a_key_has_many_spellings(b1: Client, key: str) -> None:
    if b1.call("GET", "BusinessPartners('CKEY')").status_code == 404:
        b1.customer("CKEY")
    assert b1.get(f"BusinessPartners{key}")["CardCode"] == "CKEY"


def test_odd_item_codes_and_several_keys_are_addressed(b1: Client) -> None:
    b1.good("POST", "Items", {"ItemCode": "O'R/1 #?%"})
    assert b1.get("Items('O''R%2F1%20%23%3F%25')")["ItemCode"] == "O'R/1 #?%"
    assert b1.get("UserFieldsMD(FieldID=0,TableName='OCRD')")["Name"] == "CrosswalkKey"
    assert b1.refused("GET", "UserFieldsMD('OCRD')") == (400, -1000)
    assert b1.refused("GET", "businesspartners") == (404, -1000)


def test_reads_of_one_count_and_single_properties(b1: Client) -> None:
    b1.customer("CPROP", CreditLimit=5)
    answer = b1.call("GET", "BusinessPartners('CPROP')")
    assert (answer.headers["ETag"], answer.json()["@odata.etag"]) == (FIRST, FIRST)
    assert b1.get("BusinessPartners('CPROP')/CreditLimit")["value"] == 5.0
    assert b1.call("GET", "BusinessPartners('CPROP')/CardName/$value").text == "Customer CPROP"
    assert b1.refused("GET", "BusinessPartners('CPROP')/BPAddresses") == (400, -1000)
    assert b1.call("GET", "BusinessPartners/$count?$filter=CardCode eq 'CPROP'").text == "1"
    missing = b1.call("GET", "BusinessPartners('NOSUCH')")
    assert (missing.status_code, missing.json()["error"]["message"]) == (
        404,
        "Entity with value('NOSUCH') does not exist",
    )


def test_a_create_without_content_answers_204_and_a_location(b1: Client) -> None:
    answer = b1.call("POST", "Items", {"ItemCode": "i011"}, headers={"Prefer": "return-no-content"})
    assert (answer.status_code, answer.content, answer.headers["Preference-Applied"]) == (204, b"", "return-no-content")
    assert answer.headers["Location"] == f"{b1.root}Items('i011')"
    assert "ETag" not in answer.headers


def test_values_are_read_as_the_property_has_them(b1: Client) -> None:
    made = b1.good("POST", "BusinessPartners", {"CardCode": "CVAL", "CardType": "L", "CreditLimit": "100.5", "@odata.type": "#x", "Valid": "Y", "DataVersion": 9, "CurrentAccountBalance": 7})  # fmt: skip
    assert (made["CardType"], made["CreditLimit"], made["Valid"], made["DataVersion"]) == ("cLid", 100.5, "tYES", 1)
    assert made["CurrentAccountBalance"] == 0
    assert b1.good("POST", "BusinessPartners", {"CardCode": "CVAL2", "CardType": 2})["CardType"] == "cLid"
    for bad in (
        {"Nope": 1},
        {"CardType": "cFriend"},
        {"CreditLimit": "much"},
        {"Frozen": False},
        {"BPAddresses": {}},
        {"CardCode": "C" * 16},
    ):
        assert b1.refused("POST", "BusinessPartners", {"CardCode": "CBAD", **bad}) == (400, -1000)
    answer = b1.call("POST", "BusinessPartners", {"CardCode": "CBAD", "Nope": 1})
    assert answer.json()["error"]["message"] == "Property 'Nope' of 'BusinessPartner' is invalid"
    assert answer.headers["Connection"] == "close"
    assert (
        b1.call("POST", "Items", headers={"Content-Type": "text/plain"}, data='{"ItemCode": "plain"}').status_code
        == 201
    )
    assert b1.call("POST", "Items", headers={"Content-Type": "application/xml"}, data="<a/>").status_code == 415


def test_patch_is_differential_put_replaces_and_override_means_either(b1: Client) -> None:
    b1.customer("CPUT", Phone1="1", Phone2="2")
    answer = b1.call("PATCH", "BusinessPartners('CPUT')", {"Phone1": "9", "CardCode": "OTHER"})
    assert (answer.status_code, answer.content, "ETag" in answer.headers) == (204, b"", False)
    row = b1.get("BusinessPartners('CPUT')")
    assert (row["Phone1"], row["Phone2"], row["DataVersion"]) == ("9", "2", 2)
    b1.good("POST", "BusinessPartners('CPUT')", {"Phone2": "8"}, headers={"X-HTTP-Method-Override": "PATCH"})
    assert b1.get("BusinessPartners('CPUT')")["Phone2"] == "8"
    b1.good("MERGE", "BusinessPartners('CPUT')", {"Fax": "7"})
    b1.good("PUT", "BusinessPartners('CPUT')", {"CardName": "New"})
    row = b1.get("BusinessPartners('CPUT')")
    assert (row["CardName"], row["Phone1"], row["Fax"]) == ("New", None, None)


def test_an_old_etag_is_refused_and_a_projection_has_a_wrong_one(b1: Client) -> None:
    b1.customer("CETAG")
    b1.good("PATCH", "BusinessPartners('CETAG')", {"CardName": "two"}, headers={"If-Match": FIRST})
    assert b1.refused("PATCH", "BusinessPartners('CETAG')", {"CardName": "three"}, headers={"If-Match": FIRST}) == (
        412,
        -2039,
    )
    chosen = b1.call("GET", "BusinessPartners('CETAG')?$select=CardCode")
    assert ("ETag" in chosen.headers, chosen.json()["@odata.etag"]) == (False, FIRST)
    assert b1.call("GET", "BusinessPartners('CETAG')").headers["ETag"] == SECOND
    assert b1.refused("DELETE", "BusinessPartners('CETAG')", headers={"If-Match": FIRST}) == (412, -2039)
    assert "@odata.etag" not in b1.get("PriceLists(1)")
    b1.good("DELETE", "BusinessPartners('CETAG')", headers={"If-Match": SECOND})


def test_address_rows_are_told_by_all_four_names(b1: Client) -> None:
    b1.customer("CADDR", BPAddresses=[{"AddressName": "A", "City": "one"}])
    path, row = "BusinessPartners('CADDR')", {"AddressName": "A", "AddressType": "bo_BillTo"}
    assert b1.refused("PATCH", path, {"BPAddresses": [{**row, "City": "x"}]}) == (400, -2035)
    b1.good("PATCH", path, {"BPAddresses": [{"AddressName": "A", "City": "silent"}]})
    b1.good("PATCH", path, {"BPAddresses": [{**row, "BPCode": "CADDR", "RowNum": 0, "City": "two"}]})
    assert [(one["RowNum"], one["City"]) for one in b1.get(path)["BPAddresses"]] == [(0, "two"), (1, "silent")]
    b1.good("PATCH", path, {"BPAddresses": [{"AddressName": "B"}]}, headers={"B1S-ReplaceCollectionsOnPatch": "true"})
    assert [one["AddressName"] for one in b1.get(path)["BPAddresses"]] == ["B"]


def test_people_merge_by_internal_code_and_have_unique_names(b1: Client) -> None:
    made = b1.customer("CPERS", ContactEmployees=[{"Name": "Ann", "E_Mail": "a@b.example"}, {"Name": "Bob"}])
    ann, bob = made["ContactEmployees"]
    assert ann["UpdateTime"].endswith(":00")
    b1.good(
        "PATCH",
        "BusinessPartners('CPERS')",
        {"ContactEmployees": [{"InternalCode": ann["InternalCode"], "Phone1": "1"}, {"Name": "Cid"}]},
    )
    people = b1.get("BusinessPartners('CPERS')")["ContactEmployees"]
    assert [(one["Name"], one["Phone1"]) for one in people] == [("Ann", "1"), ("Bob", None), ("Cid", None)]
    assert people[1]["InternalCode"] == bob["InternalCode"]
    assert b1.refused("PATCH", "BusinessPartners('CPERS')", {"ContactEmployees": [{"Name": "Ann"}]}) == (400, -2035)
    assert b1.refused("GET", "ContactEmployees") == (404, -1000)


def test_duplicates_and_missing_codes_have_the_vendors_numbers(b1: Client) -> None:
    b1.customer("CDUP")
    answer = b1.call("POST", "BusinessPartners", {"CardCode": "CDUP"})
    assert (answer.status_code, code_of(answer)) == (400, -10)
    assert answer.json()["error"]["message"].startswith("1320000140 - ")
    item = b1.get("Items?$top=1&$select=ItemCode")["value"][0]["ItemCode"]
    assert b1.refused("POST", "Items", {"ItemCode": item}) == (400, -10)
    assert b1.refused("POST", "Warehouses", {"WarehouseCode": "01"}) == (400, -2035)
    missing = b1.call("PATCH", "BusinessPartners('CDUP')", {"PayTermsGrpCode": 999})
    assert (missing.status_code, code_of(missing)) == (400, -2028)
    assert missing.json()["error"]["message"].startswith("[OCRD.GroupNum]")
    assert b1.refused("POST", "BusinessPartners", {"CardName": "no code"}) == (400, -5002)
    assert b1.refused("POST", "BusinessPartners", {"CardCode": "", "CardName": "no code"}) == (400, -5002)
    assert b1.refused("POST", "Warehouses", {"WarehouseCode": "", "WarehouseName": "no code"}) == (400, -5002)
    assert b1.good("POST", "BusinessPartners", {"CardName": "numbered", "Series": 1})["CardCode"].startswith("C")


def test_what_others_refer_to_stays(b1: Client) -> None:
    sold = b1.get("Orders?$top=1&$select=CardCode,DocEntry")["value"][0]
    assert b1.refused("DELETE", f"BusinessPartners('{sold['CardCode']}')") == (400, -10)
    assert b1.refused("DELETE", f"Orders({sold['DocEntry']})") == (400, -5006)
    assert b1.refused("PATCH", f"BusinessPartners('{sold['CardCode']}')", {"CardType": "cLid"}) == (400, -5002)
    assert b1.refused("PATCH", f"BusinessPartners('{sold['CardCode']}')", {"CardType": "S"}) == (400, -5002)
    b1.customer("CLEAD", CardType="cLid")
    b1.good("PATCH", "BusinessPartners('CLEAD')", {"CardType": "cCustomer", "FatherCard": sold["CardCode"]})
    assert b1.refused("PATCH", "BusinessPartners('CLEAD')", {"FatherCard": "CLEAD"}) == (400, -5002)


def test_user_fields_are_there_once_made(b1: Client) -> None:
    field = {"TableName": "OINV", "Name": "Deal", "Description": "deal", "Type": "db_Alpha", "EditSize": 5}
    assert b1.refused("GET", "Orders?$filter=U_Deal eq 'x'") == (400, -1000)
    b1.good("POST", "UserFieldsMD", field)
    assert b1.refused("POST", "UserFieldsMD", {**field, "TableName": "ORDR"}) == (400, -2035)
    order = b1.get("Orders?$filter=DocumentStatus eq 'bost_Open'&$top=1&$select=DocEntry,U_Deal")["value"][0]
    assert order["U_Deal"] is None
    b1.good("PATCH", f"Orders({order['DocEntry']})", {"U_Deal": "D1"})
    assert [one["DocEntry"] for one in b1.get("Orders?$filter=U_Deal eq 'D1'&$select=DocEntry")["value"]] == [
        order["DocEntry"]
    ]
    assert b1.refused("PATCH", f"Orders({order['DocEntry']})", {"U_Deal": "toolong"}) == (400, -1000)
    assert 'Name="U_Deal"' in b1.call("GET", "$metadata").text
    b1.good("POST", "UserTablesMD", {"TableName": "HSMAP", "TableDescription": "map", "TableType": "bott_NoObject"})
    b1.good("POST", "UserFieldsMD", {"TableName": "@HSMAP", "Name": "Num", "Description": "n", "Type": "db_Numeric"})
    b1.good("POST", "U_HSMAP", {"Code": "1", "Name": "one", "U_Num": "7"})
    assert b1.get("U_HSMAP?$filter=U_Num gt 6")["value"][0]["U_Num"] == 7
    assert b1.refused("POST", "U_HSMAP", {"Code": "1", "Name": "again"}) == (400, -2035)


def test_user_objects_are_sets_by_their_code(company: Opener) -> None:
    b1 = company()
    for name, kind in (("ASSET", "MasterData"), ("VISIT", "Document")):
        b1.good("POST", "UserTablesMD", {"TableName": name, "TableDescription": name, "TableType": f"bott_{kind}"})
        field = {"TableName": f"@{name}", "Name": "Note", "Description": "n", "Type": "db_Alpha", "EditSize": 20}
        b1.good("POST", "UserFieldsMD", field)
        made = {"Code": f"X{name}", "Name": name, "TableName": name, "ObjectType": f"boud_{kind}"}
        assert b1.refused("POST", "UserObjectsMD", {**made, "TableName": "NOPE"}) == (400, -2028)
        b1.good("POST", "UserObjectsMD", made)
        assert b1.refused("POST", "UserObjectsMD", {**made, "Code": f"Y{name}"}) == (400, -2035)
    b1.good("POST", "XASSET", {"Code": "A", "Name": "Crane", "U_Note": "north"})
    assert b1.refused("POST", "XASSET", {"Code": "A"}) == (400, -2035)
    b1.good("PATCH", "XASSET('A')", {"U_Note": "south"})
    assert [one["Name"] for one in b1.get("XASSET?$filter=U_Note eq 'south'")["value"]] == ["Crane"]
    assert b1.get("XASSET('A')")["UpdateDate"].endswith("T00:00:00Z")
    entries = [b1.good("POST", "XVISIT", {"U_Note": note})["DocEntry"] for note in ("first", "second")]
    assert entries[1] == entries[0] + 1
    assert b1.get(f"XVISIT({entries[1]})")["U_Note"] == "second"
    assert {"XASSET", "XVISIT"} <= {one["name"] for one in b1.get("")["value"]}
    assert '<EntitySet Name="XVISIT"' in b1.call("GET", "$metadata").text


def test_a_unique_key_lets_a_value_stand_once(company: Opener) -> None:
    b1 = company()
    key = {
        "TableName": "OCRD",
        "KeyName": "CRM",
        "Unique": "tYES",
        "UserKeysMD_Elements": [{"ColumnAlias": "CrosswalkKey"}],
    }
    assert [b1.good("POST", "UserKeysMD", {**key, "KeyName": name})["KeyIndex"] for name in ("A", "B")] == [0, 1]
    b1.customer("CU1", U_CrosswalkKey="hub:1")
    assert b1.refused("POST", "BusinessPartners", {"CardCode": "CU2", "U_CrosswalkKey": "hub:1"}) == (400, -2035)
    b1.customer("CU2", U_CrosswalkKey="hub:2")
    assert b1.refused("PATCH", "BusinessPartners('CU2')", {"U_CrosswalkKey": "hub:1"}) == (400, -2035)
    b1.good("PATCH", "BusinessPartners('CU2')", {"U_CrosswalkKey": "hub:2", "Phone1": "5"})
    b1.customer("CU3")
    b1.customer("CU4")


def test_a_user_who_may_only_read_is_refused_with_403(b1: Client) -> None:
    viewer = b1.another(UserName="viewer", Password=b1.access["viewer"]["password"])
    assert viewer.get("Warehouses")["value"]
    assert viewer.refused("POST", "BusinessPartners", {"CardCode": "X"})[0] == 403


def test_metadata_of_both_versions_is_the_contracts(b1: Client) -> None:
    new, old = b1.call("GET", "$metadata"), b1.another(version=1).call("GET", "$metadata")
    assert new.headers["Content-Type"].startswith("application/xml")
    assert '<Property Name="ActivityProperty"' in new.text
    assert 'm:HttpMethod="POST"' in old.text
    assert 'Name="U_CrosswalkKey"' in old.text


def test_fields_go_change_their_type_and_become_mandatory(company: Opener) -> None:
    client = company()
    client.action("hide_field", full_name="BusinessPartner.Phone2")
    assert client.refused("GET", "BusinessPartners?$select=Phone2") == (400, -1000)
    assert "Phone2" not in client.get("BusinessPartners?$top=1")["value"][0]
    client.action("retype_field", full_name="BusinessPartner.Fax", kind="integer")
    assert client.refused("POST", "BusinessPartners", {"CardCode": "CF", "Fax": "abc"}) == (400, -1000)
    client.action("require_field", full_name="BusinessPartner.Website")
    assert client.refused("POST", "BusinessPartners", {"CardCode": "CF"}) == (400, -1000)
    client.action("restore_fields")
    assert client.customer("CF", Phone2="1")["Phone2"] == "1"


def test_the_companys_procedure_objects_with_its_number(company: Opener) -> None:
    client = company()
    client.action(
        "notification",
        set="BusinessPartners",
        number=13000316,
        text="Credit Limit Exceeded!",
        property="CreditLimit",
        above=10,
    )
    answer = client.call("POST", "BusinessPartners", {"CardCode": "CN", "CreditLimit": 11})
    assert (code_of(answer), answer.json()["error"]["message"]) == (-1116, "(13000316) Credit Limit Exceeded!")
    assert client.refused("GET", "BusinessPartners('CN')") == (404, -2028)
    client.customer("CN", CreditLimit=9)
    client.action("fail_rows", probability=1.0, count=1)
    assert client.refused("PATCH", "BusinessPartners('CN')", {"CardName": "x"}) == (400, -2039)
    client.good("PATCH", "BusinessPartners('CN')", {"CardName": "x"})


@pytest.mark.parametrize("exchange", [one for one in contract("exchanges.json") if one.get("request") and one["what"].startswith(("entity not", "stale", "delete an", "no or", "malformed", "duplicate"))], ids=lambda one: one["what"])  # fmt: skip
def test_the_recorded_exchanges_are_answered_alike(b1: Client, exchange: dict[str, Any]) -> None:
    assert exchange["status"] in (400, 401, 404, 412)
    asked = exchange["request"]
    version, _, path = asked["path"].removeprefix("/b1s/v").partition("/")
    client = b1.another(version=int(version))
    if exchange["status"] == 401:
        client.http.cookies.clear()
    if exchange["status"] == 412:
        client.good("POST", "Items", {"ItemCode": "i002"})
        client.good("PATCH", "Items('i002')", {"ItemName": "x"})
    path = path.replace("CTEST0001", "CNOSUCH")
    answer = client.call(asked["method"], path, asked.get("json") or {}, headers=asked.get("headers"))
    told = json.loads(json.dumps(exchange["json"]).replace("CTEST0001", "CNOSUCH"))["error"]
    assert (answer.status_code, answer.json()["error"]["code"], answer.json()["error"]["message"]) == (exchange["status"], told["code"], told["message"])  # fmt: skip
    for name in ("Content-Type", "WWW-Authenticate", "OData-Version"):
        if name in exchange.get("headers", {}):
            assert answer.headers[name] == exchange["headers"][name].replace("CTEST0001", "CNOSUCH")


def test_a_whole_row_has_every_property_of_its_type_in_the_metadatas_order(b1: Client) -> None:
    types = b1.emulator.account.model.types

    def of_v1(kind: Any, row: Any) -> Any:
        """A row of v2 as v1 shows it, property by property."""
        if not row:
            return row
        if isinstance(row, list):
            return [of_v1(kind, one) for one in row]
        assert [*row] == [*kind.properties], kind.name
        named = {new: old for old, new in kind.old_names.items()}
        shown = {}
        for name, one in kind.properties.items():
            value = of_v1(types[one.type], row[name]) if one.kind == "complex" else row[name]
            shown[named.get(name, name)] = value[:10] if one.kind == "date" and value else value
        return shown

    old = b1.another(1)
    for name in ("BusinessPartners", "Items", "Orders", "Invoices", "IncomingPayments", "SpecialPrices"):
        kind = b1.emulator.account.model.type_of(name)
        for row, other in zip(b1.get(name)["value"], old.get(name)["value"], strict=True):
            assert row.pop("@odata.etag", None) == other.pop("odata.etag", None)
            assert of_v1(kind, row) == other
        all_of_it = ",".join(reversed(kind.properties))
        for row, chosen in zip(b1.get(name)["value"], b1.get(f"{name}?$select={all_of_it}")["value"], strict=True):
            assert {**row, "@odata.etag": None} == {**chosen, "@odata.etag": None}
