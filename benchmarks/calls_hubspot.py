"""HubSpot's paths and their fewest calls.

==================  =================================================================================================
full load           100 rows a page of the list (§8), which brings the associations along. A search brings 200 (§10), but
                    seconds late, and never says what it does not know yet
incremental         200 rows a page of the search (§10), and a page of what is archived, of which no search tells (§8)
associations        of rows a search found, 1,000 records a call (§16)
names of owners     500 a call, those who left apart (§14); stages one call (§13); each once a connector
by id               100 ids a batch (§9)
by key              100 keys a batch, by the unique property (§9)
create              100 records a batch (§9), their associations inside
update              the same, and before each batch one for the versions of its targets: nothing can be made conditional
describe            one for an object (§12)
usage               none: every answer tells it (§6)
==================  =================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.calls_counting import Counted, Counter, pages
from benchmarks.emulators import Emulator
from benchmarks.engine import INCLUDE
from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.registry import open_connector
from crosswalk.mapping.document import load_mapping
from crosswalk.model.records import NativeField, Operation, Outcome, Selection, Write

CREATED = 200
LIST, SEARCH, BATCH, ASSOCIATED = 100, 200, 100, 1_000
PLAIN = Selection("customer", "companies", (NativeField("name", "text"), NativeField("erp_key", "text")))


def walk(account: Emulator) -> list[Counted]:
    """Walk every path of an account that holds a company's records."""
    counter = Counter("HubSpot", account)
    for name, entity in load_mapping(INCLUDE / "mappings" / "hubspot.yaml").entities.items():
        _reads(counter, account, name, entity.selection)
    _writes(counter, account)
    return counter.counted


def connector(account: Emulator, **options: object) -> Connector:
    """Return a new connector, as a task opens it."""
    return open_connector("hubspot", account.settings(), read_only=False, options=options)


def _asked_once(selection: Selection, records: int) -> int:
    """Return the calls for what hangs off properties: owners present and former, whom the company's records name too; stages; currencies."""
    parts = {field.path.partition(".")[2] for field in selection.fields}
    priced = {"price.currency", "price.amount"} & {field.path for field in selection.fields}
    return 2 * ("name" in parts) * bool(records) + ("label" in parts) * bool(records) + bool(priced)


def _reads(counter: Counter, account: Emulator, name: str, selection: Selection) -> None:
    """Count a full load, a pull of nothing new, a read by id."""
    mark: dict[str, object] = {}
    keys: list[str] = []

    def full() -> int:
        rows = 0
        for page in connector(account).pull(selection, None):
            keys.extend(record.key for record in page.records if not record.deleted)
            rows += len({record.key.partition("|")[0] for record in page.records})
            mark.update(page.watermark or {})
        return rows

    def of_list(rows: int) -> int:
        return pages(rows, LIST) + _asked_once(selection, rows) + _zone(selection)

    why = "a page of 100 (§8), names and zone once (§13, §14, §18)"
    counter.count(f"{name}, full", full, of_list, why)
    quiet = {part: value for part, value in mark.items() if part not in ("after", "began")}
    nothing = _pulled(account, selection, quiet)
    counter.count(
        f"{name}, incremental",
        nothing,
        lambda n: pages(n, SEARCH) + 1 + _priced(selection),
        "a search (§10), and the bin (§8)",
    )
    some = keys[:CREATED]
    counter.count(
        f"{name}, fetch",
        lambda: connector(account).fetch(selection, some),
        lambda n: pages(len({key.partition("|")[0] for key in some}), BATCH) + _asked_once(selection, n) + _zone(selection) + _ends(selection),
        "100 ids (§9), names and zone once",
        expected=len(some),
    )  # fmt: skip
    counter.count(
        f"{name}, describe", lambda: connector(account).describe(name, selection.native).fields, lambda n: 1, "one (§12)"
    )  # fmt: skip


def _zone(selection: Selection) -> int:
    """Return the call for the account's zone, in which an instant is a day."""
    return int(any(field.path == "closedate" for field in selection.fields))


def _priced(selection: Selection) -> int:
    return int(any(field.path.startswith("price.") and field.path != "price.net" for field in selection.fields))


def _ends(selection: Selection) -> int:
    return len({field.path for field in selection.fields if field.path.endswith("s.id")})


def _pulled(account: Emulator, selection: Selection, mark: Mapping[str, object]) -> Callable[[], int]:
    return lambda: sum(len(page.records) for page in connector(account, overlap_seconds=0).pull(selection, mark))


def _writes(counter: Counter, account: Emulator) -> None:
    creates = [_create(number) for number in range(CREATED)]
    made: list[str] = []

    def create() -> int:
        made.extend(_done(account, creates))
        return len(made)

    counter.count(f"create {CREATED}", create, lambda n: pages(n, BATCH), "100 a batch (§9)", expected=CREATED)
    counter.count(
        f"create {CREATED} again", lambda: _done(account, creates), lambda n: 2 * pages(n, BATCH), "refused, then found by key (§9)", expected=CREATED
    )  # fmt: skip
    versions = {record.key: record.version for record in connector(account).fetch(PLAIN, made)}
    stated = [_update(key, versions[key]) for key in made]
    counter.count(
        f"update {CREATED}, versions stated", lambda: _done(account, stated), lambda n: 2 * pages(n, BATCH), "versions, then 100 a batch (§9)", expected=CREATED
    )  # fmt: skip
    same = [_update(key, None) for key in made]
    counter.count(
        f"update {CREATED}, nothing differs", lambda: _done(account, same), lambda n: pages(n, BATCH), "versions only (§9)", expected=CREATED
    )  # fmt: skip
    for asked in (1, CREATED):
        keys = [write.intent_key for write in creates[:asked]]
        counter.count(
            f"find {asked}", lambda k=keys: connector(account).find("customer", k), lambda n: pages(n, BATCH), "100 keys (§9)", expected=asked
        )  # fmt: skip


def _create(number: int) -> Write:
    return Write(f"CALLS-{number:04}", "customer", Operation.CREATE, {"name": f"Benchmark Tooling {number}"})


def _update(key: str, version: str | None) -> Write:
    return Write(f"U-{key}", "customer", Operation.UPDATE, {"city": "York"}, key, expected_version=version)


def _done(account: Emulator, writes: Sequence[Write]) -> list[str]:
    """Deliver in requests of the stated size and return the ids of what was done; anything else raises with the reason."""
    target = connector(account)
    receipts = [one for start in range(0, len(writes), BATCH) for one in target.deliver(writes[start : start + BATCH])]
    refused = [receipt for receipt in receipts if receipt.outcome is not Outcome.DONE]
    if refused:
        raise RuntimeError(f"{refused[0].outcome}: {refused[0].message}")
    return [str(receipt.native_id) for receipt in receipts]
