"""Salesforce §5: SOQL, its answers and its refusals."""

from __future__ import annotations

import pytest


@pytest.fixture
def crm(api):
    """Two accounts with contacts, an opportunity, a task."""
    api.acme = api.make("Account", Name="Acme", Industry="Energy", AnnualRevenue=1500000, BillingCity="Bonn")
    api.zeta = api.make("Account", Name="zeta", Industry="Banking", ParentId=api.acme)
    api.lone = api.make("Account", Name="Lone_1%")
    for first, account in (("Ann", api.acme), ("Bob", api.acme), ("Cid", api.zeta)):
        api.make("Contact", FirstName=first, LastName="Stone", AccountId=account, Email=f"{first}@x.example")
    api.deal_id = api.deal(AccountId=api.acme, Amount=250.5)
    api.deal(Name="Other", AccountId=api.zeta, Amount=100, StageName="Closed Won", CloseDate="2026-05-06")
    api.task = api.make("Task", Subject="Call", WhatId=api.acme)
    return api


def names(api, condition):
    return sorted(row["Name"] for row in api.rows(f"SELECT Name FROM Account WHERE {condition}"))


def test_records_carry_attributes_and_null_fields(crm):
    row = crm.rows("SELECT Id, Name, Phone, AnnualRevenue, IsDeleted FROM Account WHERE Name = 'Acme'")[0]
    assert row == {
        "attributes": {"type": "Account", "url": f"/services/data/v60.0/sobjects/Account/{crm.acme}"},
        "Id": crm.acme,
        "Name": "Acme",
        "Phone": None,
        "AnnualRevenue": 1500000.0,
        "IsDeleted": False,
    }


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Name = 'ACME'", ["Acme"]),
        ("Name != 'acme'", ["Lone_1%", "zeta"]),
        ("Name <> 'acme'", ["Lone_1%", "zeta"]),
        ("Name LIKE 'a%'", ["Acme"]),
        ("Name LIKE 'Lone\\_1\\%'", ["Lone_1%"]),
        ("Name LIKE '_cme'", ["Acme"]),
        ("Name IN ('acme', 'ZETA')", ["Acme", "zeta"]),
        ("Name NOT IN ('acme')", ["Lone_1%", "zeta"]),
        ("Industry = null", ["Lone_1%"]),
        ("Industry != null", ["Acme", "zeta"]),
        ("Industry != 'Energy'", ["zeta"]),
        ("NOT Industry = 'Energy'", ["zeta"]),
        ("(Industry = 'Energy' OR Industry = 'Banking') AND AnnualRevenue > 1e6", ["Acme"]),
        ("Parent.Name = 'acme'", ["zeta"]),
        ("Id IN (SELECT AccountId FROM Contact WHERE FirstName = 'Bob')", ["Acme"]),
        ("Id NOT IN (SELECT AccountId FROM Contact)", ["Lone_1%"]),
        ("CreatedDate = TODAY", ["Acme", "Lone_1%", "zeta"]),
        ("CreatedDate < TODAY", []),
        ("CreatedDate >= LAST_N_DAYS:3", ["Acme", "Lone_1%", "zeta"]),
        ("CreatedDate = 2026-05-06T12:00:00Z", ["Acme", "Lone_1%", "zeta"]),
        ("CreatedDate = 2026-05-06T14:00:00.123456+02:00", ["Acme", "Lone_1%", "zeta"]),
        ("CreatedDate > 2026-05-06T12:00:00.000+0000", []),
        ("IsDeleted = false", ["Acme", "Lone_1%", "zeta"]),
        ("Account.Owner.Username LIKE 'crosswalk%' AND Name = 'acme'", ["Acme"]),
    ],
)
def test_conditions(crm, condition, expected):
    assert names(crm, condition) == expected


def test_ids_compare_in_15_and_18_characters_and_in_any_case_of_18(crm):
    for given in (crm.acme, crm.acme[:15], crm.acme.upper()):
        assert names(crm, f"Id = '{given}'") == ["Acme"]


def test_strings_with_escapes(crm):
    crm.make("Account", Name="O'Neil \\ Sons")
    assert names(crm, r"Name = 'O\'Neil \\ Sons'") == ["O'Neil \\ Sons"]


def test_parents_nest_up_to_five_levels_and_are_null_when_empty(crm):
    row = crm.rows("SELECT Name, Account.Parent.Owner.Name, Account.Name FROM Contact WHERE FirstName = 'Cid'")[0]
    assert row["Account"]["Name"] == "zeta"
    assert row["Account"]["Parent"]["Owner"]["Name"] == "Crosswalk Integration"
    assert row["Account"]["attributes"]["url"].endswith(crm.zeta)
    assert crm.rows("SELECT Parent.Name FROM Account WHERE Name = 'acme'")[0]["Parent"] is None


def test_child_lists_are_pages_of_their_own_and_null_when_empty(crm):
    rows = {
        r["Name"]: r
        for r in crm.rows("SELECT Name, (SELECT FirstName FROM Contacts ORDER BY FirstName DESC LIMIT 1) FROM Account")
    }
    assert [r["FirstName"] for r in rows["Acme"]["Contacts"]["records"]] == ["Bob"]
    assert rows["Acme"]["Contacts"]["totalSize"] == 1
    assert rows["Acme"]["Contacts"]["done"]
    assert rows["Lone_1%"]["Contacts"] is None


def test_long_child_lists_have_their_own_next_page(make_api):
    api = make_api(child_page_size=2)
    account = api.make("Account", Name="A")
    for number in range(5):
        api.make("Contact", LastName=f"N{number}", AccountId=account)
    page = api.rows("SELECT Id, (SELECT LastName FROM Contacts) FROM Account")[0]["Contacts"]
    seen = page["records"]
    assert (page["totalSize"], page["done"]) == (5, False)
    while not page["done"]:
        page = api.get(page["nextRecordsUrl"]).json()
        seen = seen + page["records"]
    assert sorted(row["LastName"] for row in seen) == [f"N{number}" for number in range(5)]


def test_counts_come_in_two_forms(crm):
    assert crm.query("SELECT COUNT() FROM Contact").json() == {"totalSize": 3, "done": True, "records": []}
    answer = crm.query("SELECT COUNT(Id) FROM Contact").json()
    assert answer["records"] == [{"attributes": {"type": "AggregateResult"}, "expr0": 3}]


def test_groups_aliases_and_having(crm):
    rows = crm.rows(
        "SELECT Account.Name, COUNT(Id) n, MAX(Email) FROM Contact GROUP BY Account.Name HAVING COUNT(Id) > 1 ORDER BY COUNT(Id)"
    )
    assert rows == [{"attributes": {"type": "AggregateResult"}, "Name": "Acme", "n": 2, "expr0": "bob@x.example"}]
    total = crm.rows(
        "SELECT SUM(Amount) s, AVG(Amount) a, MIN(CloseDate) d, CALENDAR_YEAR(CloseDate) y FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)"
    )
    assert total == [{"attributes": {"type": "AggregateResult"}, "s": 350.5, "a": 175.25, "d": "2026-05-06", "y": 2026}]


def test_order_nulls_limit_offset(crm):
    def order(tail):
        return [row["Name"] for row in crm.rows(f"SELECT Name FROM Account ORDER BY {tail}")]

    assert order("Industry") == ["Lone_1%", "zeta", "Acme"]
    assert order("Industry NULLS LAST") == ["zeta", "Acme", "Lone_1%"]
    assert order("Industry DESC NULLS FIRST") == ["Lone_1%", "Acme", "zeta"]
    assert order("Name LIMIT 1 OFFSET 1") == ["Lone_1%"]


def test_order_without_order_by_is_not_id_order(api):
    ids = [api.make("Account", Name=f"A{number}") for number in range(8)]
    answered = [row["Id"] for row in api.rows("SELECT Id FROM Account")]
    assert sorted(answered) == ids
    assert answered != ids


def test_polymorphic_parents_and_typeof(crm):
    row = crm.rows("SELECT What.Name, What.Type, Owner.Name FROM Task")[0]
    assert (row["What"]["Name"], row["What"]["Type"]) == ("Acme", "Account")
    assert row["What"]["attributes"]["type"] == "Name"
    chosen = crm.rows("SELECT TYPEOF What WHEN Account THEN Name, Industry ELSE Id END FROM Task")[0]["What"]
    assert (chosen["attributes"]["type"], chosen["Industry"]) == ("Account", "Energy")


def test_fields_function_needs_a_limit_unless_standard(crm):
    row = crm.rows("SELECT FIELDS(ALL) FROM Account WHERE Name = 'acme' LIMIT 200")[0]
    assert row["BillingAddress"]["city"] == "Bonn"
    assert "ERP_Id__c" in row
    assert crm.refused(crm.query("SELECT FIELDS(CUSTOM) FROM Account"))["errorCode"] == "MALFORMED_QUERY"
    assert "ERP_Id__c" not in crm.rows("SELECT FIELDS(STANDARD) FROM Account")[0]


def test_multi_select_picklists(api):
    api.post(
        "/tooling/sobjects/CustomField",
        {
            "FullName": "Account.Lines__c",
            "Metadata": {
                "type": "MultiselectPicklist",
                "label": "Lines",
                "visibleLines": 4,
                "valueSet": {
                    "valueSetDefinition": {
                        "sorted": False,
                        "value": [{"fullName": v, "label": v, "default": False} for v in "abc"],
                    }
                },
            },
        },
    )
    grant(api, "Account.Lines__c")
    api.make("Account", Name="both", Lines__c="a;b")
    api.make("Account", Name="one", Lines__c="c")
    assert names(api, "Lines__c INCLUDES ('a;b', 'c')") == ["both", "one"]
    assert names(api, "Lines__c INCLUDES ('a')") == ["both"]
    assert names(api, "Lines__c EXCLUDES ('a')") == ["one"]


def grant(api, field):
    permission_set = api.rows("SELECT Id FROM PermissionSet")[0]["Id"]
    api.make(
        "FieldPermissions",
        ParentId=permission_set,
        SobjectType=field.split(".")[0],
        Field=field,
        PermissionsRead=True,
        PermissionsEdit=True,
    )


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id FORM Account", "MALFORMED_QUERY", "\nSELECT Id FORM Account\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FORM'"),
        ("SELECT Id,Foo FROM Account", "INVALID_FIELD", "\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c'"),
        ("select count() from XYZZY", "INVALID_TYPE", "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supported."),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD", "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "must be of type string and should be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "field 'Description' can not be filtered in a query call"),
        ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT COUNT(Id) FROM Account GROUP BY CreatedDate", "INVALID_FIELD", "can not be grouped"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Nope' in field path"),
        ("SELECT Id, (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE", "Didn't understand relationship 'Nopes' in FROM part of query call"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Site = 'b' OR Sic = 'c'", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed"),
        ("SELECT Id FROM Account WHERE Id = 'xyz'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: xyz"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ],
)  # fmt: skip
def test_refusals_name_place_and_reason(api, soql, code, message):
    error = api.refused(api.query(soql))
    assert error["errorCode"] == code
    assert message in error["message"]
    assert "fields" not in error


def test_date_fields_take_dates_only(crm):
    assert len(crm.rows("SELECT Id FROM Opportunity WHERE CloseDate = 2026-06-30")) == 1
    assert len(crm.rows("SELECT Id FROM Opportunity WHERE CloseDate = TODAY")) == 1
    error = crm.refused(crm.query("SELECT Id FROM Opportunity WHERE CloseDate = 2026-06-30T00:00:00Z"))
    assert "must be of type date" in error["message"]


def test_a_formula_field_follows_its_parent_without_moving_the_stamp(crm):
    before = crm.record("Opportunity", crm.deal_id)
    crm.clock.advance(60)
    crm.patch(f"/sobjects/Account/{crm.acme}", {"ERP_Number__c": "C-77"})
    after = crm.rows(f"SELECT Account_ERP_Number__c, SystemModstamp FROM Opportunity WHERE Id = '{crm.deal_id}'")[0]
    assert after["Account_ERP_Number__c"] == "C-77"
    assert after["SystemModstamp"] == before["SystemModstamp"]
    assert len(crm.rows("SELECT Id FROM Opportunity WHERE Account_ERP_Number__c = 'c-77'")) == 1


def test_queries_see_deleted_rows_only_through_query_all(crm):
    crm.delete(f"/sobjects/Account/{crm.lone}")
    assert names(crm, "Name LIKE 'Lone%'") == []
    rows = crm.get("/queryAll/", params={"q": "SELECT Name, IsDeleted FROM Account WHERE IsDeleted = true"}).json()[
        "records"
    ]
    assert [(row["Name"], row["IsDeleted"]) for row in rows] == [("Lone_1%", True)]


def test_long_in_lists(crm):
    wanted = ",".join(f"'{word}'" for word in ["acme", *(f"x{number}" for number in range(700))])
    assert names(crm, f"Name IN ({wanted})") == ["Acme"]


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Account",
        "SELECT Id FROM Account ORDER BY Id",
        "SELECT Id FROM Account WHERE Id > '001000000000000AAA' ORDER BY Id LIMIT 2000",
        "SELECT Id FROM Account WHERE SystemModstamp >= 2026-01-01T00:00:00Z ORDER BY SystemModstamp, Id",
        "SELECT Id FROM Account WHERE (SystemModstamp = 2026-01-01T00:00:00Z AND Id > '001000000000000AAA') OR SystemModstamp > 2026-01-01T00:00:00Z ORDER BY SystemModstamp, Id LIMIT 2000",
        "SELECT Id FROM OpportunityLineItem WHERE OpportunityId = '006000000000000AAA' ORDER BY Id",
    ],
)
def test_polling_queries_seek_in_an_index_and_never_sort(api, soql):
    org = api.emulator.org
    plan = org.runner.plan(soql, org.viewer(org.integration_user()))
    steps = [row[3] for row in org.store.connection.execute(f"EXPLAIN QUERY PLAN {plan.rows_sql}", plan.parameters)]
    assert all("INDEX" in step or "TEMP B-TREE" in step for step in steps)
    assert sum("TEMP B-TREE" in step for step in steps) == soql.count(
        "OpportunityId"
    )  # a handful of lines may be sorted


@pytest.mark.parametrize("tail", ["FOR VIEW", "FOR REFERENCE", "WITH SECURITY_ENFORCED", "LIMIT 1 FOR UPDATE"])
def test_clauses_without_effect_are_understood(crm, tail):
    assert crm.query(f"SELECT Id FROM Account {tail}").status_code == 200


def test_scopes(crm):
    assert len(crm.rows("SELECT Id FROM Account USING SCOPE mine")) == 3
    assert crm.refused(crm.query("SELECT Id FROM Account USING SCOPE odd"))["errorCode"] == "MALFORMED_QUERY"


@pytest.mark.parametrize("condition", ["Name > ''", "Id > ''", "Id >= ''", "Account.Name > ''"])
def test_everything_that_has_a_value_is_beyond_the_empty_text(crm, condition):
    """§5, §11: keysets start at the empty text."""
    kind = "Contact" if condition.startswith("Account") else "Account"
    field = condition.split(" ")[0]
    expected = [row["Id"] for row in crm.rows(f"SELECT Id FROM {kind} WHERE {field} != null ORDER BY Id")]
    assert expected
    assert [row["Id"] for row in crm.rows(f"SELECT Id FROM {kind} WHERE {condition} ORDER BY Id")] == expected
