"""Reads all accounts, or the changed ones, with one tool, in this process; prints what it cost as JSON.

Each contender is a process of its own, ``python -m benchmarks.contenders NAME``, that gets its task as JSON on standard input:
``system``, ``base_url``, ``token`` (a session of the system), ``fields``, ``where``, ``database``, ``folder``, ``since`` (null for
everything) and ``options`` of the connector.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.measure import Cost, cost, cpu_seconds, peak_mb

Task = dict[str, Any]
Result = dict[str, Any]


def crosswalk(task: Task) -> Result:
    """Pull, map, land, link, plan: the stages of a run, without their Airflow tasks."""
    from benchmarks.emulators import Emulator
    from benchmarks.engine import Engine, pairing, side_of
    from crosswalk.hub.database import Hub
    from crosswalk.stages.link import link
    from crosswalk.stages.plan import plan
    from crosswalk.stages.pull import pull

    system = task["system"]
    reading = _Reading()
    engine = Engine(
        Hub(task["database"]),
        {system: Emulator(system, task["base_url"], 0).settings()},
        pairing(system),
        options={system: task["options"]},
        wrap=reading.of,
    )
    side = side_of(engine.pairing, system)
    ready = _ready()
    with cost() as whole:
        with cost() as pulling:
            pulled = pull(engine.context(), side, "customer")
        with cost() as linking:
            link(engine.context(), "customer")
        with cost() as planning:
            plan(engine.context(), "orders")
    stages = {
        "read": reading.cpu,
        "map and land": pulling.cpu - reading.cpu,
        "link": linking.cpu,
        "plan": planning.cpu,
    }
    walls = {"pull and land": pulling.wall, "link": linking.wall, "plan": planning.wall}
    return {**_result(pulled.received, whole, ready, stages), "walls": {name: round(s, 3) for name, s in walls.items()}}


class _Reading:
    """Measures the CPU that is spent inside the connector's pages: requests and typing."""

    cpu = 0.0

    def of(self, connector: Any) -> Any:
        reading = self

        class Measured:
            def __getattr__(self, name: str) -> Any:
                return getattr(connector, name)

            def pull(self, *arguments: Any) -> Iterator[Any]:
                return reading.measured(connector.pull(*arguments))

        return Measured()

    def measured(self, pages: Iterator[Any]) -> Iterator[Any]:
        while True:
            began = cpu_seconds()
            page = next(pages, None)
            self.cpu += cpu_seconds() - began
            if page is None:
                return
            yield page


def dlt(task: Task) -> Result:
    """The same query by dlt's REST client, merged by Id into Postgres; dlt keeps the cursor."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt as tool
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
    from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

    client = RESTClient(task["base_url"], auth=BearerTokenAuth(task["token"]))
    read = 0

    cursor = tool.sources.incremental("SystemModstamp")

    @tool.resource(name="account", primary_key="Id", write_disposition="merge")
    def accounts(stamp: Any = cursor) -> Iterator[list[dict[str, Any]]]:
        nonlocal read
        soql = _soql(task["fields"], stamp.last_value)
        pages = client.paginate(
            _QUERY, params={"q": soql}, paginator=JSONLinkPaginator("nextRecordsUrl"), data_selector="records"
        )
        for page in pages:
            records = [{name: value for name, value in record.items() if name != "attributes"} for record in page]
            read += len(records)
            yield records

    pipeline = tool.pipeline(
        "accounts",
        pipelines_dir=task["folder"],
        destination=tool.destinations.postgres(task["database"]),
        dataset_name="accounts",
        progress=None,
    )
    ready = _ready()
    with cost() as whole:
        pipeline.run(accounts())
    return _result(read, whole, ready, {})


def simple_salesforce(task: Task) -> Result:
    """The same query by simple-salesforce, each record looked at and thrown away."""
    import requests
    import simple_salesforce as tool

    class Plain(requests.Session):
        """simple-salesforce writes https into every address; the emulator is on http."""

        def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
            return super().request(method, str(url).replace("https://", "http://", 1), *args, **kwargs)

    client = tool.Salesforce(
        session_id=task["token"], instance_url=task["base_url"], session=Plain(), version=_VERSION.removeprefix("v")
    )
    ready = _ready()
    read = 0
    with cost() as whole:
        for _ in client.query_all_iter(_soql(task["fields"], task["since"])):
            read += 1
    return _result(read, whole, ready, {})


def hubspot_api_client(task: Task) -> Result:
    """All companies by hubspot-api-client's list, changed ones by its search, each looked at and thrown away."""
    from hubspot import HubSpot

    objects = HubSpot(access_token=task["token"], host=task["base_url"]).crm.objects
    pages, search = objects.basic_api, objects.search_api
    question: dict[str, Any] = {"limit": 200, "properties": task["fields"]}
    if task["since"]:
        changed = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": task["since"]}
        question["filterGroups"] = [{"filters": [changed]}]
    ready = _ready()
    read, after = 0, None
    with cost() as whole:
        while read == 0 or after is not None:
            if task["since"]:
                page = search.do_search("companies", {**question, **({"after": after} if after else {})})
            else:
                page = pages.get_page("companies", limit=100, properties=task["fields"], after=after)
            read += len(page.results)
            after = page.paging.next.after if page.paging and page.paging.next else None
    return _result(read, whole, ready, {})


def plain_requests(task: Task) -> Result:
    """All partners, or those changed since a day, by their next links, each looked at and thrown away."""
    import requests

    root = f"{task['base_url']}/b1s/v2/"
    conditions = [f"({task['where']})", *([f"UpdateDate ge '{task['since'][:10]}'"] if task["since"] else [])]
    query = {"$select": ",".join(task["fields"]), "$orderby": "CardCode", "$filter": " and ".join(conditions)}
    ready = _ready()
    read = 0
    with cost() as whole, requests.Session() as session:
        session.headers.update({"Cookie": f"B1SESSION={task['token']}", "Prefer": "odata.maxpagesize=500"})
        url, parameters = f"{root}BusinessPartners", query
        while url:
            page = session.get(url, params=parameters, timeout=300).json()
            read += len(page["value"])
            url, parameters = (root + page["@odata.nextLink"], {}) if "@odata.nextLink" in page else ("", {})
    return _result(read, whole, ready, {})


_VERSION = "v62.0"
_QUERY = f"/services/data/{_VERSION}/query"
_PEERS: dict[str, Callable[[Task], Result]] = {
    "crosswalk": crosswalk,
    "dlt": dlt,
    "simple-salesforce": simple_salesforce,
    "hubspot-api-client": hubspot_api_client,
    "requests": plain_requests,
}


def _soql(fields: list[str], since: str | None) -> str:
    where = f" WHERE SystemModstamp >= {since.replace('+0000', 'Z')}" if since else ""
    return f"SELECT {', '.join(fields)} FROM Account{where} ORDER BY {'SystemModstamp, ' if since else ''}Id"


def _ready() -> dict[str, float]:
    """What importing cost, before the work begins."""
    return {"import_cpu": round(time.process_time(), 3), "import_mb": round(peak_mb(), 1)}


def _result(records: int, whole: Cost, ready: dict[str, float], stages: dict[str, float]) -> Result:
    return {
        "records": records,
        **whole.as_dict(),
        **ready,
        "stages": {name: round(seconds, 3) for name, seconds in stages.items()},
    }


if __name__ == "__main__":
    print(json.dumps(_PEERS[sys.argv[1]](json.load(sys.stdin))))
