"""Salesforce's paths and their fewest calls.

==================  =================================================================================================
read by REST        2,000 rows a page (§5), a page at least; deletions come with the changes by queryAll (§5, §11)
read by Bulk        the job, one look at its state, its results in pages of 50,000 rows (§8.2); every HTTP call counts (§10)
full load           whichever of the two needs fewer
first full load     nobody knows how large it is: one page, which is all there is up to 2,000 records and else tells the
                    size (§5), then whichever of the two needs fewer for the rest. To begin with a job would cost three
                    calls where one does; to ask for the count (§10) is a call as well, and its answer is approximate
later full loads    the hub knows about how many are coming, and tells the connector: no page is spent on asking
by id               2,000 ids a retrieval (§7.1); with fields of parents a query, as many ids as fit into 16 KB (§1)
by external id      a query, as many keys as fit into 16 KB (§1); five queries a composite call (§7.2)
create              200 records a collection (§7.1); five collections a composite call (§7.2)
update              the same, and before each call one for the versions of its targets: no collection can be made
                    conditional (§7.1), and an update states the version it was planned against. Single updates can
                    (§3), 25 of them a composite call: a fourth of the calls' worth
describe            one for an object (§4.2)
usage               none: every answer tells it (§10)
==================  =================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import requests

from benchmarks.calls_counting import Counted, Counter, pages
from benchmarks.emulators import Emulator
from benchmarks.ends import change_in_salesforce as change
from benchmarks.ends import salesforce_token as token
from benchmarks.engine import INCLUDE
from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.registry import open_connector
from crosswalk.mapping.document import load_mapping
from crosswalk.model.records import Operation, Outcome, Selection, Write

ACCOUNTS = 12_000
CHANGED, DELETED, BATCH, MANY, FETCHED = 300, 50, 200, 1_000, 600
PAGE, RESULT_PAGE, RETRIEVAL, COLLECTION, COMPOSITE = 2_000, 50_000, 2_000, 200, 1_000


def walk(org: Emulator) -> list[Counted]:
    """Walk every path of an org that holds ``ACCOUNTS`` accounts and some products."""
    entities = load_mapping(INCLUDE / "mappings" / "salesforce.yaml").entities
    accounts, products = entities["customer"].selection, entities["product"].selection
    counter = Counter("Salesforce", org)
    _reads(counter, org, accounts, products)
    _writes(counter, org)
    return counter.counted


def connector(org: Emulator, **options: object) -> Connector:
    """Return a new connector, as a task opens it."""
    return open_connector("salesforce", org.settings(), read_only=False, options=options)


def least_of_full(records: int) -> int:
    """Return the fewest calls of a full load: REST pages, or a job with one look and its result pages."""
    return min(pages(records, PAGE), 2 + pages(records, RESULT_PAGE))


def least_of_first(records: int) -> int:
    """Return the fewest calls when nobody knows the size: a page that tells it, then the cheaper way for the rest."""
    return 1 + min(pages(records, PAGE) - 1, 2 + pages(records, RESULT_PAGE))


def _reads(counter: Counter, org: Emulator, accounts: Selection, products: Selection) -> None:
    one, job = "a page of 2,000 rows (§5)", "job, one look, result pages of 50,000 (§8.2)"
    started = _begin(org)
    counter.count("full, small", lambda: _pulled(connector(org), products), lambda n: pages(n, PAGE), one)
    first = "a page tells the size (§5), then the job"
    counter.count(
        "first full, large", lambda: _pulled(connector(org), accounts), least_of_first, first, expected=ACCOUNTS
    )
    told = replace(accounts, expected=ACCOUNTS)
    counter.count(
        "full, large, size in the hub", lambda: _pulled(connector(org), told), least_of_full, job, expected=ACCOUNTS
    )
    large = connector(org, large=["Account"])
    counter.count("full, large by option", lambda: _pulled(large, accounts), least_of_full, job, expected=ACCOUNTS)
    mark = {"since": started.isoformat()}
    counter.count(
        "incremental, nothing new", lambda: _pulled(_quick(org), accounts, mark), lambda n: 1, one, expected=0
    )
    change(org, CHANGED, datetime.now(UTC))
    counter.count(
        "incremental", lambda: _pulled(_quick(org), accounts, mark), lambda n: pages(n, PAGE), one, expected=CHANGED
    )
    ids = _ids(org, FETCHED)
    _delete(org, _ids(org, DELETED, "SystemModstamp, Id"))
    counter.count(
        "deletions",
        lambda: _tombstones(_quick(org), accounts, mark),
        lambda n: 1,
        "queryAll tells both (§5)",
        expected=DELETED,
    )
    ids = _ids(org, FETCHED)
    counter.count(
        "fetch, fields of parents", lambda: connector(org).fetch(accounts, ids), lambda n: 1, "a query (§1: 16 KB)", expected=FETCHED
    )  # fmt: skip
    keys = [record["Id"] for record in _query(org, "SELECT Id FROM Product2")]
    counter.count(
        "fetch, own fields", lambda: connector(org).fetch(products, keys), lambda n: pages(n, RETRIEVAL), "2,000 ids (§7.1)"
    )  # fmt: skip
    counter.count(
        "describe",
        lambda: connector(org).describe("customer", "Account").fields,
        lambda n: 1,
        "one for an object (§4.2)",
    )


def _writes(counter: Counter, org: Emulator) -> None:
    creates = [_create(number) for number in range(BATCH)]
    made: list[str] = []

    def create() -> int:
        made.extend(_done(connector(org), creates))
        return len(made)

    def collections(records: int) -> int:
        return pages(records, COLLECTION)

    counter.count(f"create {BATCH}", create, collections, "200 a collection (§7.1)", expected=BATCH)
    versions = _versions(org, made)
    plain = [_update(key, None) for key in made]
    counter.count(
        f"update {BATCH}, unconditional", lambda: _done(connector(org), plain), collections, "200 a collection (§7.1)", expected=BATCH
    )  # fmt: skip
    versions = _versions(org, made)
    stated = [_update(key, versions[key]) for key in made]
    counter.count(
        f"update {BATCH}, versions stated",
        lambda: _done(connector(org), stated),
        lambda n: 2 * collections(n),
        "versions, then 200 a collection (§7.1)",
        expected=BATCH,
    )
    counter.count(
        "find one", lambda: connector(org).find("customer", [creates[0].intent_key]), lambda n: 1, "a query (§1: 16 KB)", expected=1
    )  # fmt: skip
    keys = [write.intent_key for write in creates]
    counter.count(
        f"find {BATCH}",
        lambda: connector(org).find("customer", keys),
        lambda n: 1,
        "a query (§1: 16 KB)",
        expected=BATCH,
    )
    _many(counter, org)


def _many(counter: Counter, org: Emulator) -> None:
    """The same for an org that is given larger batches by option."""
    creates = [_create(BATCH + number) for number in range(MANY)]
    made: list[str] = []

    def create() -> int:
        made.extend(_done(connector(org, write_batch=MANY), creates))
        return len(made)

    def composites(records: int) -> int:
        return pages(records, COMPOSITE)

    why = "five collections a call (§7.2)"
    counter.count(f"create {MANY:,}", create, composites, why, expected=MANY)
    versions = {key: version for start in range(0, MANY, BATCH) for key, version in _versions(org, made[start : start + BATCH]).items()}  # fmt: skip
    stated = [_update(key, versions[key]) for key in made]
    counter.count(
        f"update {MANY:,}, versions stated",
        lambda: _done(connector(org, write_batch=MANY), stated),
        lambda n: 2 * composites(n),
        f"versions, then {why}",
        expected=MANY,
    )
    keys = [write.intent_key for write in creates]
    counter.count(
        f"find {MANY:,}",
        lambda: connector(org).find("customer", keys),
        composites,
        "five queries a call (§7.2)",
        expected=MANY,
    )


# --- what the paths need ----------------------------------------------------------------------------


def _quick(org: Emulator) -> Connector:
    return connector(org, overlap_seconds=0)


def _pulled(source: Connector, selection: Selection, watermark: Mapping[str, object] | None = None) -> int:
    return sum(len(page.records) for page in source.pull(selection, watermark))


def _tombstones(source: Connector, selection: Selection, watermark: Mapping[str, object]) -> int:
    return sum(record.deleted for page in source.pull(selection, watermark) for record in page.records)


def _begin(org: Emulator) -> datetime:
    """The org's time, to the second."""
    answer = requests.get(f"{org.base_url}/services/data", timeout=60)
    return datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)


def _create(number: int) -> Write:
    values = {"Name": f"Benchmark Tooling {number}", "BillingCity": "Leeds"}
    return Write(f"BENCH-ACC-{number:04}", "customer", Operation.CREATE, values)


def _update(key: str, version: str | None) -> Write:
    return Write(f"U-{key}", "customer", Operation.UPDATE, {"BillingCity": "York"}, key, expected_version=version)


def _done(target: Connector, writes: Sequence[Write]) -> list[str]:
    """Deliver and return the ids of what was done; anything else shows as a missing record."""
    return [str(receipt.native_id) for receipt in target.deliver(writes) if receipt.outcome is Outcome.DONE]


def _versions(org: Emulator, ids: Sequence[str]) -> dict[str, str]:
    listed = ",".join(f"'{key}'" for key in ids)
    found = _query(org, f"SELECT Id, SystemModstamp FROM Account WHERE Id IN ({listed})")
    return {record["Id"]: f"{record['SystemModstamp'][:19]}Z" for record in found}


def _ids(org: Emulator, count: int, order: str = "Id") -> list[str]:
    return [record["Id"] for record in _query(org, f"SELECT Id FROM Account ORDER BY {order} LIMIT {count}")]


def _query(org: Emulator, soql: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{org.base_url}/services/data/v62.0/query", params={"q": soql}, headers=_signed(org), timeout=60
    )
    answer.raise_for_status()
    records: list[dict[str, Any]] = answer.json()["records"]
    return records


def _delete(org: Emulator, ids: Sequence[str]) -> None:
    answer = requests.delete(
        f"{org.base_url}/services/data/v62.0/composite/sobjects",
        params={"ids": ",".join(ids), "allOrNone": "true"},
        headers=_signed(org),
        timeout=60,
    )
    answer.raise_for_status()


def _signed(org: Emulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(org)}"}
