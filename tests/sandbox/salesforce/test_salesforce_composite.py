"""Salesforce §7.2–7.5: composite, tree, batch, graph."""

from __future__ import annotations

BASE = "/services/data/v60.0"


def node(name, method, path, body=None, **more):
    return {
        "referenceId": name,
        "method": method,
        "url": BASE + path,
        **({"body": body} if body is not None else {}),
        **more,
    }


def run(api, *nodes, **flags):
    answer = api.post("/composite", {"compositeRequest": list(nodes), **flags})
    assert answer.status_code == 200, answer.text
    return answer.json()["compositeResponse"]


def test_references_join_requests(api):
    first, second, third = run(
        api,
        node("acc", "POST", "/sobjects/Account", {"Name": "Acme"}),
        node("con", "POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{acc.id}"}),
        node("q", "GET", "/query?q=SELECT Account.Name FROM Contact WHERE Id = '@{con.id}'"),
    )
    assert first["httpStatusCode"] == 201
    assert first["httpHeaders"]["Location"].endswith(first["body"]["id"])
    assert second["body"]["success"]
    assert third["body"]["records"][0]["Account"]["Name"] == "Acme"


def test_one_failure_leaves_the_others_unless_all_or_none(api):
    nodes = (node("a", "POST", "/sobjects/Account", {"Name": "a"}), node("b", "POST", "/sobjects/Account", {}))
    assert [item["httpStatusCode"] for item in run(api, *nodes)] == [201, 400]
    assert len(api.rows("SELECT Id FROM Account")) == 1
    both = run(api, *nodes, allOrNone=True)
    assert [item["body"][0]["errorCode"] for item in both] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert len(api.rows("SELECT Id FROM Account")) == 1


def test_the_outer_flag_rules_inner_collections(api):
    records = [{"attributes": {"type": "Account"}, "Name": "a"}, {"attributes": {"type": "Account"}}]
    body = {"allOrNone": False, "records": records}
    run(api, node("c", "POST", "/composite/sobjects", body), allOrNone=True)
    assert api.rows("SELECT Id FROM Account") == []


def test_a_reference_to_a_failed_request_is_halted(api):
    answers = run(
        api,
        node("acc", "POST", "/sobjects/Account", {}),
        node("con", "POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{acc.id}"}),
    )
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_envelopes_are_checked(api):
    good = node("a", "GET", "/limits")
    for nodes in (
        [good] * 2,
        [{**good, "referenceId": "bad-name"}],
        [{"method": "GET", "url": "/x"}],
        [node(f"n{i}", "GET", "/limits") for i in range(26)],
    ):
        assert api.post("/composite", {"compositeRequest": nodes}).status_code == 400
    queries = [node(f"q{i}", "GET", "/query?q=SELECT Id FROM Account") for i in range(6)]
    assert api.post("/composite", {"compositeRequest": queries}).status_code == 400


def test_a_composite_counts_as_one_call_and_a_batch_as_many(api):
    def used():
        return int(api.get("/limits").json()["DailyApiRequests"]["Remaining"])

    before = used()
    run(api, node("a", "GET", "/limits"), node("b", "GET", "/limits"))
    assert before - used() == 2
    before = used()
    api.post("/composite/batch", {"batchRequests": [{"method": "GET", "url": "v60.0/limits"}] * 3})
    assert before - used() == 4


def test_batch_runs_independent_requests(api):
    requests = [
        {"method": "POST", "url": "v60.0/sobjects/Account", "richInput": {"Name": "a"}},
        {"method": "GET", "url": "v60.0/sobjects/Nope"},
        {"method": "GET", "url": "v60.0/limits"},
    ]
    body = api.post("/composite/batch", {"batchRequests": requests}).json()
    assert (body["hasErrors"], [item["statusCode"] for item in body["results"]]) == (True, [201, 404, 200])
    halted = api.post("/composite/batch", {"haltOnError": True, "batchRequests": requests}).json()["results"]
    assert (halted[2]["statusCode"], halted[2]["result"][0]["errorCode"]) == (412, "BATCH_PROCESSING_HALTED")


def test_a_tree_is_saved_whole(api):
    contact = {"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "x"}
    account = {"attributes": {"type": "Account", "referenceId": "r1"}, "Name": "a", "Contacts": {"records": [contact]}}
    answer = api.post("/composite/tree/Account", {"records": [account]})
    assert (answer.status_code, answer.json()["hasErrors"]) == (201, False)
    ids = {item["referenceId"]: item["id"] for item in answer.json()["results"]}
    assert api.record("Contact", ids["r2"])["AccountId"] == ids["r1"]


def test_a_tree_with_a_bad_branch_saves_nothing(api):
    contact = {"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "x", "Email": "bad"}
    account = {"attributes": {"type": "Account", "referenceId": "r1"}, "Name": "a", "Contacts": {"records": [contact]}}
    answer = api.post("/composite/tree/Account", {"records": [account]})
    assert answer.status_code == 400
    result = answer.json()["results"]
    assert [(item["referenceId"], item["errors"][0]["statusCode"], item["errors"][0]["fields"]) for item in result] == [
        ("r2", "INVALID_EMAIL_ADDRESS", ["Email"])]  # fmt: skip
    assert api.rows("SELECT Id FROM Account") == []


def test_graphs_are_transactions_of_their_own(api):
    good = [
        node("a", "POST", "/sobjects/Account", {"Name": "a"}),
        node("b", "POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{a.id}"}),
    ]
    bad = [node("c", "POST", "/sobjects/Account", {"Name": "c"}), node("d", "POST", "/sobjects/Contact", {})]
    graphs = [{"graphId": "g1", "compositeRequest": good}, {"graphId": "g2", "compositeRequest": bad}]
    body = api.post("/composite/graph", {"graphs": graphs}).json()["graphs"]
    assert [(item["graphId"], item["isSuccessful"]) for item in body] == [("g1", True), ("g2", False)]
    assert [row["Name"] for row in api.rows("SELECT Name FROM Account")] == ["a"]
