"""NetSuite's paths and their fewest calls.

==================  =================================================================================================
read                1,000 rows a page of SuiteQL (§6), a page at least
deletions           a page of the deletion feed more for each incremental pull: it has its own cursor (§7, §8)
by id               1,000 ids a query: the arguments of an IN list (§6)
by external id      the record for one key (§5.3), a query for several (§6)
create              one record a request (§5.5). A batch takes 100 (§9), but each result is fetched by itself beside the looks at the
                    job, so that it needs more calls, not fewer
update              one record a request (§5.6); a query for the versions of all of them before it, because there is no ETag (§5.6),
                    which brings the address book's keys (§12.1) or the items' REST types (§12.3) along
describe            one for a record type (§5.12), one query for rows that are no record of their own
usage               none: what runs at once is limited, not the calls of a day (§10)
==================  =================================================================================================

The server's time, which bounds a pull (§8), comes with the Date of the first page: it costs no call.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.calls_counting import Counted, Counter, pages
from benchmarks.engine import INCLUDE
from benchmarks.world import World
from crosswalk.connectors.netsuite.sources import source_of
from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.registry import open_connector
from crosswalk.hub.codec import decode
from crosswalk.hub.intents import IntentDraft
from crosswalk.mapping.document import load_mapping
from crosswalk.model.records import Operation, Outcome, Selection, Write

PAGE, FETCHED, CREATED = 1_000, 500, 20


def walk(world: World) -> list[Counted]:
    """Walk every path of an account whose orders can be planned."""
    selections = {
        name: entity.selection for name, entity in load_mapping(INCLUDE / "mappings" / "netsuite.yaml").entities.items()
    }
    counter = Counter("NetSuite", world.netsuite)
    for selection in selections.values():
        _reads(counter, world, selection)
    _writes(counter, world, selections)
    return counter.counted


def connector(world: World, **options: object) -> Connector:
    """Return a new connector, as a task opens it."""
    return open_connector("netsuite", world.netsuite.settings(), read_only=False, options=options)


def _reads(counter: Counter, world: World, selection: Selection) -> None:
    entity, source = selection.entity, source_of(selection.entity)
    mark: dict[str, object] = {}
    keys: list[str] = []

    def full() -> int:
        read = 0
        for page in connector(world).pull(selection, None):
            read += len(page.records)
            keys.extend(record.key for record in page.records)
            mark.update(page.watermark or {})
        return read

    def incremental() -> int:
        return sum(len(page.records) for page in connector(world, overlap_minutes=0).pull(selection, mark))

    counter.count(f"{entity}, full", full, lambda n: pages(n, PAGE), "a page of 1,000 rows (§6)")
    mark = {name: value for name, value in mark.items() if name not in ("since", "after")}
    feed = 1 if source.deleted_as else 0
    if source.modified is not None:  # what has no stamp is read in full each time
        counter.count(
            f"{entity}, incremental",
            incremental,
            lambda n: pages(n, PAGE) + feed,
            "a page (§6), and one of the deletion feed (§7)" if feed else "a page of 1,000 rows (§6)",
        )
    some = keys[:FETCHED]
    counter.count(
        f"{entity}, fetch", lambda: connector(world).fetch(selection, some), lambda n: pages(n, PAGE), "1,000 ids (§6)", expected=len(some)
    )  # fmt: skip
    counter.count(
        f"{entity}, describe", lambda: connector(world).describe(entity, selection.native).fields, lambda n: 1, "one for a type (§5.12)"
    )  # fmt: skip


def _writes(counter: Counter, world: World, selections: dict[str, Selection]) -> None:
    orders = [_write(draft) for draft in world.orders(CREATED, "CALLS-ORD")]
    customers = [_customer(number) for number in range(CREATED)]
    one_each = "one record a request (§5.5)"
    for entity, writes in (("order", orders), ("customer", customers)):
        counter.count(
            f"{entity}, create {CREATED}", lambda w=writes: _done(world, w), lambda n: n, one_each, expected=CREATED
        )
        keys = [write.intent_key for write in writes]
        counter.count(
            f"{entity}, find one", lambda e=entity, k=keys: connector(world).find(e, k[:1]), lambda n: 1, "the record (§5.3)", expected=1
        )  # fmt: skip
        counter.count(
            f"{entity}, find {CREATED}", lambda e=entity, k=keys: connector(world).find(e, k), lambda n: 1, "a query (§6)", expected=CREATED
        )  # fmt: skip
    found = connector(world).find("customer", [write.intent_key for write in customers])
    versions = {
        record.key: record.version for record in connector(world).fetch(selections["customer"], list(found.values()))
    }
    ids = list(versions)
    plain = [_update("customer", key, {"comments": "Measured."}, None) for key in ids]
    counter.count(
        f"customer, update {CREATED}, unconditional", lambda: _done(world, plain), lambda n: n, one_each.replace("5.5", "5.6"), expected=CREATED
    )  # fmt: skip
    stated = _fresh(world, selections["customer"], ids, {"comments": "Measured again."})
    counter.count(
        f"customer, update {CREATED}, versions stated", lambda: _done(world, stated), lambda n: pages(n, PAGE) + n, "the versions (§6), then one each (§5.6)",
        expected=CREATED,
    )  # fmt: skip
    moved = _fresh(world, selections["customer"], ids, {"billing.city": "York"})
    counter.count(
        f"customer, update {CREATED} addresses", lambda: _done(world, moved), lambda n: pages(n, PAGE) + n, "versions with address books (§6, §12.1), then one each (§5.6)",
        expected=CREATED,
    )  # fmt: skip
    products = [record.key for page in connector(world).pull(selections["product"], None) for record in page.records]
    items = _fresh(world, selections["product"], products[:CREATED], {"displayName": "Measured"})
    counter.count(
        f"product, update {len(items)}", lambda: _done(world, items), lambda n: pages(n, PAGE) + n, "versions with types (§6, §12.3), then one each (§5.6)", expected=len(items)
    )  # fmt: skip


def _fresh(world: World, selection: Selection, keys: Sequence[str], values: dict[str, str]) -> list[Write]:
    """Return updates that state the versions their targets have now."""
    found = connector(world).fetch(selection, keys)
    return [_update(selection.entity, record.key, values, record.version) for record in found]


def _write(draft: IntentDraft) -> Write:
    payload = draft.payload
    return Write(
        draft.key,
        draft.entity,
        Operation.CREATE,
        decode(payload["values"]),
        lines=tuple(decode(line) for line in payload["lines"]),
    )


def _customer(number: int) -> Write:
    values = {
        "companyName": f"Benchmark Tooling {number}",
        "subsidiary": "1",
        "currency": "1",
        "entityStatus": "13",
        "billing.addr1": f"{number} Mill Lane",
        "billing.city": "Portland",
        "billing.state": "OR",
        "billing.zip": "97201",
        "billing.country": "US",
    }
    return Write(f"CALLS-ACC-{number:04}", "customer", Operation.CREATE, values)


def _update(entity: str, key: str, values: dict[str, str], version: str | None) -> Write:
    return Write(f"U-{key}", entity, Operation.UPDATE, values, key, expected_version=version)


def _done(world: World, writes: Sequence[Write]) -> list[str]:
    """Deliver and return the ids of what was done; anything else raises with the reason."""
    receipts = connector(world).deliver(writes)
    refused = [receipt for receipt in receipts if receipt.outcome is not Outcome.DONE]
    if refused:
        raise RuntimeError(f"{refused[0].outcome}: {refused[0].message}")
    return [str(receipt.native_id) for receipt in receipts]
