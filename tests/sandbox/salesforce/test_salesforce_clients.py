"""Salesforce §2.8–2.9: simple-salesforce, unmodified, over http (by an adapter) and over TLS."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from salesforce_org import NOW
from simple_salesforce import Salesforce, SFType, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.driver import Driver
from crosswalk_sandbox.kernel.server import running, running_with_tls


class ToSandbox(HTTPAdapter):
    """Sends what is meant for any https host to the sandbox instead."""

    def __init__(self, base_url):
        super().__init__()
        self.base = urlsplit(base_url)

    def send(self, request, **rest):
        request.url = urlsplit(request.url)._replace(scheme=self.base.scheme, netloc=self.base.netloc).geturl()
        return super().send(request, **rest)


@pytest.fixture
def served(make_api):
    api = make_api(page_size=3)
    with running(api.emulator, clock=api.clock) as url:
        api.url = url
        api.session = requests.Session()
        api.session.mount("https://", ToSandbox(url))
        yield api


@pytest.fixture
def sf(served):
    return Salesforce(session_id=served.token, instance_url=served.url, session=served.session, version="60.0")


def test_jwt_login(served):
    client = Salesforce(
        username=served.access["username"], consumer_key=served.access["consumer_key"], privatekey=served.access["private_key"],
        domain="login", session=served.session)  # fmt: skip
    assert client.query("SELECT COUNT() FROM User")["totalSize"] == 2


def test_client_credentials_login(served):
    client = Salesforce(
        consumer_key=served.access["consumer_key"], consumer_secret=served.access["consumer_secret"], domain="acme.my",
        session=served.session)  # fmt: skip
    assert client.limits()["DailyApiRequests"]["Max"] == 1_000_000


def test_soap_login_and_its_refusal(served):
    given = {
        "username": served.access["username"],
        "security_token": served.access["security_token"],
        "session": served.session,
    }
    client = Salesforce(password=served.access["password"], **given)
    assert client.describe()["maxBatchSize"] == 200
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(password="wrong", **given)


def test_records_by_id_and_external_id(sf):
    own = sf.Account.create({"Name": "Acme", "ERP_Id__c": "C/1 x"})["id"]
    assert sf.Account.get(own)["Name"] == "Acme"
    assert sf.Account.update(own, {"Name": "Acme 2"}) == 204
    assert sf.Account.upsert("ERP_Id__c/C%2F1%20x", {"Name": "Acme 3"}) == 200
    assert sf.Account.upsert("ERP_Id__c/C-2", {"Name": "Two"}) == 201
    assert sf.Account.get_by_custom_id("ERP_Id__c", "C-2")["Name"] == "Two"
    assert sf.Account.delete(own) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(own)
    assert sf.api_usage["api-usage"].total == 1_000_000 if sf.api_usage else True


def test_errors_become_the_clients_exceptions(sf):
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Account.create({})
    assert caught.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    for name in "ab":
        sf.Contact.create({"LastName": name, "Email": "same@x.example"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Contact.upsert("Email/same@x.example", {"LastName": "c"})


def test_query_all_follows_every_page(sf):
    names = [f"n{number}" for number in range(8)]
    for name in names:
        sf.Account.create({"Name": name})
    found = sf.query_all(format_soql("SELECT Name FROM Account WHERE CreatedDate <= {} ORDER BY Name", NOW))
    assert [row["Name"] for row in found["records"]] == names
    assert len(list(sf.query_all_iter("SELECT Id FROM Account"))) == 8


def test_describe_metadata_limits_and_changes(sf):
    assert sf.Account.describe()["name"] == "Account"
    assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
    own = sf.Account.create({"Name": "a"})["id"]
    start, end = NOW.replace(hour=11), NOW.replace(hour=13)
    assert sf.Account.updated(start, end)["ids"] == [own]
    assert sf.Account.deleted(start, end)["deletedRecords"] == []


def test_collections_and_tooling_through_the_raw_calls(sf):
    records = [{"attributes": {"type": "Account"}, "ERP_Id__c": "C-1", "Name": "a"}]
    result = sf.restful(
        "composite/sobjects/Account/ERP_Id__c", method="PATCH", json={"allOrNone": False, "records": records}
    )
    assert result[0]["created"] is True
    metadata = {"type": "Text", "label": "x", "length": 5}
    made = sf.toolingexecute("sobjects/CustomField", "POST", {"FullName": "Account.X__c", "Metadata": metadata})
    assert made["success"] is True


def test_bulk_1_insert_and_query(sf):
    rows = [{"Name": f"n{number}"} for number in range(5)] + [{"Phone": "1"}]
    result = sf.bulk.Account.insert(rows, batch_size=4)
    assert [row["success"] for row in result] == [True] * 5 + [False]
    found = sf.bulk.Account.query("SELECT Name, CreatedDate FROM Account ORDER BY Name")
    assert [row["Name"] for row in found] == [f"n{number}" for number in range(5)]


def test_bulk_1_upsert_and_delete(sf):
    result = sf.bulk.Account.upsert([{"ERP_Id__c": "C-1", "Name": "a"}], "ERP_Id__c", batch_size=10)
    assert result[0]["created"] is True
    gone = sf.bulk.Account.delete([{"Id": result[0]["id"]}], batch_size=10)
    assert gone[0]["success"] is True


def test_bulk_2_ingest_and_query(sf, monkeypatch):
    monkeypatch.setattr(
        "simple_salesforce.bulk2.sleep", lambda _seconds: None
    )  # the client waits 5 s before its first look
    rows = [{"Name": f"n{number}", "ERP_Id__c": f"C-{number}"} for number in range(6)] + [
        {"ERP_Id__c": "C-9", "Name": ""}
    ]
    job = sf.bulk2.Account.insert(records=rows)[0]
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (7, 1)
    assert "REQUIRED_FIELD_MISSING" in sf.bulk2.Account.get_failed_records(job["job_id"])
    assert sf.bulk2.Account.get_successful_records(job["job_id"]).count("\n") == 7
    assert sf.bulk2.Account.get_unprocessed_records(job["job_id"]).startswith('"')
    pages = list(sf.bulk2.Account.query("SELECT Name FROM Account ORDER BY Name", max_records=4))
    assert [page.count("\n") - 1 for page in pages] == [4, 2]


def test_a_dropped_session_is_renewed_by_the_client_itself(served):
    client = Salesforce(
        username=served.access["username"], password=served.access["password"], security_token=served.access["security_token"],
        session=served.session)  # fmt: skip
    served.emulator.expire_sessions()
    assert client.query("SELECT COUNT() FROM User")["totalSize"] == 2
    lonely = Salesforce(session_id="dead", instance_url=served.url, session=served.session)
    with pytest.raises(SalesforceExpiredSession):
        lonely.query("SELECT Id FROM User")


def test_the_limit_is_the_clients_refused_request(served, sf):
    served.emulator.actions["limit"]({"kind": "daily"})
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        sf.query("SELECT Id FROM User")


def test_the_demo_driver_lives_on_it_without_a_refusal(make_api):
    api = make_api()
    api.emulator.load(generate(seed=7, now=NOW, size=Size(40, 20, 60)))
    with running(api.emulator, clock=api.clock) as url:
        driver = Driver({"salesforce": {"http": url, "credentials": api.emulator.access(url)}}, seed=3)
        events = [event for _ in range(8) for event in driver.tick()]
    assert [event for event in events if event.startswith(("refused", "lost"))] == []
    assert any("won" in event for event in events)


def test_everything_over_tls_without_any_adapter(make_api, tmp_path, monkeypatch):
    api = make_api()
    with running_with_tls(api.emulator, tmp_path / "tls", clock=api.clock) as ends:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ends.ca_file))
        client = Salesforce(session_id=api.token, instance_url=ends.https)
        assert isinstance(client.Account, SFType)
        assert client.Account.create({"Name": "a"})["success"] is True
        host = urlsplit(ends.https).netloc
        token = Salesforce(
            username=api.access["username"], consumer_key=api.access["consumer_key"], privatekey=api.access["private_key"],
            domain=f"{host}/services/oauth2/token?d=")  # fmt: skip
        assert token.query("SELECT COUNT() FROM Account")["totalSize"] == 1


def test_metadata_api_through_zeep(make_api, tmp_path, monkeypatch):
    api = make_api()
    with running_with_tls(api.emulator, tmp_path / "tls", clock=api.clock) as ends:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ends.ca_file))
        md = Salesforce(session_id=api.token, instance_url=ends.https).mdapi
        field = md.CustomField(
            fullName="Account.Zone__c", label="Zone", type=md.FieldType("Text"), length=20, externalId=True, unique=True
        )
        md.CustomField.create([field])
        with pytest.raises(Exception, match="DUPLICATE_DEVELOPER_NAME"):
            md.CustomField.create([field])
        md.CustomField.upsert([field])
        read = md.CustomField.read("Account.Zone__c")
        assert (read.fullName, read.length, read.unique) == ("Account.Zone__c", 20, True)
        md.CustomField.delete("Account.Zone__c")
        assert api.emulator.org.custom_fields()[-1]["name"] != "Zone__c"
