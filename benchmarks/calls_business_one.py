"""SAP Business One's paths and their fewest calls.

==================  =================================================================================================
read                the page has the size that is asked for, and no bound is named (§4): counted are 500 records a page, 200 where
                    they bring their rows along, 2,000 where only keys are asked for. What needs no earlier answer travels in the
                    same batch (§9): small tables, drafts, documents that touch others, partners' own prices
customers           one more where documents named any: they alter balances without a stamp, and only their own answer says whose
                    (§13, rules 7 and 8)
invoices, shipments one batch more: of which orders deliveries were made, which their own answer names first (§15)
census              the keys of all there is, in the same batch as the changes, since nothing tells of deletions (§13)
by id, by key       any number of filters in a batch (§5, §9); contacts by row queries in one (§5)
create              records in a batch (§9), 20 counted. A code that is given twice is refused (§10), so that partners and items need no
                    search before: it travels with them
orders              10 in a batch, for each takes up to eight seconds (§3). They have no code of ours: their keys are searched for among
                    orders and drafts first, and no batch makes one part depend on another's answer (§9, §16)
contacts            no set of their own (§15): their partners tell keys and names that are taken (§6), then a batch adds the rows and
                    asks for the numbers they were given
update              one record a request, since ETags are not looked at inside batches (§7, §9); the version planned against makes
                    the ETag and costs no call. Addresses are told by their row's whole identity (§6): partners before
describe            the metadata (§1), and the sizes of user fields (§11), which it does not tell. It is XML, which no batch is said to
                    bear
usage               none: what runs at once is limited, not the calls of a day (§3)
==================  =================================================================================================

The server's time, which bounds a pull, comes with the Date of the first answer: it costs no call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from benchmarks.calls_counting import Counted, Counter, pages
from benchmarks.emulators import Emulator
from benchmarks.engine import INCLUDE
from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.registry import open_connector
from crosswalk.connectors.sap_business_one.auth import SESSIONS
from crosswalk.connectors.sap_business_one.connector import BusinessOneConnector
from crosswalk.connectors.sap_business_one.sources import source_of
from crosswalk.mapping.document import load_mapping
from crosswalk.model.records import NativeField, Operation, Outcome, Selection, Value, Write

CREATED, ORDERS, FETCHED = 20, 10, 500
FLAT, WITH_ROWS, KEYS = 500, 200, 2_000
_FLAT = ("customer", "product", "payment")
_CENSUS = ("customer", "contact", "product")
NAMES = Selection(
    "customer",
    "BusinessPartners",
    (NativeField("CardName", "text"),),
    where="CardType eq 'cCustomer' and Frozen eq 'tNO'",
)
_ITEMS = Selection(
    "product", "Items", (NativeField("ItemName", "text"),), where="SalesItem eq 'tYES' and Frozen eq 'tNO'"
)


def walk(company: Emulator) -> list[Counted]:
    """Walk every path of a company that holds records."""
    counter = Counter("SAP Business One", company)
    for entity in load_mapping(INCLUDE / "mappings" / "sap_business_one.yaml").entities.values():
        _reads(counter, company, entity.selection)
    _writes(counter, company)
    SESSIONS.close()
    return counter.counted


def connector(company: Emulator, **options: object) -> Connector:
    """Return a new connector, as a task opens it."""
    return open_connector("sap_business_one", company.settings(), read_only=False, options=options)


# --- reading ------------------------------------------------------------------------------------


def _reads(counter: Counter, company: Emulator, selection: Selection) -> None:
    """Count a full load, a pull of nothing new, one with a census, a read by key, a description."""
    entity, source = selection.entity, source_of(selection.entity)
    bodies, size = (
        _count(company, source.native, selection.where or ""),
        FLAT if selection.entity in _FLAT else WITH_ROWS,
    )
    later = int(_from_deliveries(company, selection))
    mark: dict[str, object] = {}
    keys: list[str] = []

    def full() -> int:
        for page in connector(company).pull(selection, None):
            keys.extend(record.key for record in page.records)
            mark.update(page.watermark or {})
        return len(keys)

    def pulled(hours: int) -> int:
        target = connector(company, overlap_minutes=0, lag_seconds=0, census_hours=hours)
        return sum(len(page.records) + len(page.sighted) for page in target.pull(selection, mark))

    specials = _count(company, "SpecialPrices") if entity == "price" else 0
    counter.count(
        f"{entity}, full",
        full,
        lambda n: max(pages(bodies, size), pages(specials, size)) + later,
        f"a page of {size} (§4), the rest beside it (§9)",
    )
    mark = {name: value for name, value in mark.items() if name not in ("since", "after")}
    if source.stamped or source.appended:  # what has no stamp is read in full each time
        open_ones = later if entity == "invoice" else 0
        counter.count(
            f"{entity}, incremental",
            lambda: pulled(24),
            lambda n: pages(n, size) + open_ones + (1 if n and source.touches else 0),
            "a batch of all questions (§9), then those that documents name (§13)"
            if source.touches
            else "a batch of all questions (§9, §13)",
        )
    if entity in _CENSUS:
        most = FLAT if entity == "customer" else KEYS  # balances change without a stamp (§13): a census reads them anew
        counter.count(
            f"{entity}, census",
            lambda: pulled(0),
            lambda n: pages(bodies, most),
            "keys of all there is, beside the changes (§9, §13)",
        )
    some = keys[:FETCHED]
    counter.count(
        f"{entity}, fetch", lambda: connector(company).fetch(selection, some), lambda n: 1 + later, "filters in a batch (§5, §9)", expected=len(some)
    )  # fmt: skip
    counter.count(
        f"{entity}, describe", lambda: connector(company).describe(entity, selection.native).fields, lambda n: 2 if source.table else 1,
        "metadata (§1), sizes of user fields (§11)",
    )  # fmt: skip


def _count(company: Emulator, native: str, where: str = "") -> int:
    """Return how many records a full load reads, rows or not: partners without contacts are read, too."""
    target = connector(company)
    assert isinstance(target, BusinessOneConnector)
    return target.client.count(native, filter=where)


def _from_deliveries(company: Emulator, selection: Selection) -> bool:
    """Tell whether any record is known to be of an order only by the delivery it was made from."""
    if not any(field.path == "computed.order" for field in selection.fields):
        return False
    target = connector(company)
    assert isinstance(target, BusinessOneConnector)
    found = target.client.rows(selection.native, 0, select="DocEntry,DocumentLines").rows
    return any(line.get("BaseType") == 15 for body in found for line in body["DocumentLines"])


# --- writing ------------------------------------------------------------------------------------


def _writes(counter: Counter, company: Emulator) -> None:
    customers = [_customer(number) for number in range(CREATED)]
    codes = _created(counter, company, "customer", customers, 1, "a batch (§9); a code given twice is refused (§10)")
    _finds(counter, company, "customer", customers)
    people = [_contact(number, code) for number, code in enumerate(codes)]
    _created(counter, company, "contact", people, 2, "partners, then a batch that adds and asks for numbers (§6, §9)")
    _finds(counter, company, "contact", people)
    items = [key for page in connector(company).pull(_ITEMS, None) for key in (record.key for record in page.records)]
    orders = [_order(number, code, items[number % len(items)]) for number, code in enumerate(codes[:ORDERS])]
    entries = _created(
        counter, company, "order", orders, 2, "orders and drafts under the keys (§16), then a batch (§9)"
    )
    _finds(counter, company, "order", orders)
    contacts = list(connector(company).find("contact", [write.intent_key for write in people]).values())
    order = Selection("order", "Orders", (NativeField("NumAtCard", "text"),))
    contact = Selection("contact", "BusinessPartners/ContactEmployees", (NativeField("Name", "text"),))
    one_each = "one each, by the planned version's ETag (§7)"
    for name, selection, keys, values, least, why in (
        ("customer", NAMES, codes, {"Website": "https://example.com"}, CREATED, one_each),
        ("customer addresses", NAMES, codes, {"billing.City": "York"}, CREATED + 1, f"partners (§6), then {one_each}"),
        ("contact", contact, contacts, {"Position": "Buyer"}, CREATED, one_each),
        ("order", order, entries, {"Comments": "Measured."}, ORDERS, one_each),
    ):
        stated = _fresh(company, selection, keys, values)
        counter.count(
            f"{name}, update {len(keys)}",
            lambda w=stated: _done(company, w),
            lambda n, m=least: m,
            why,
            expected=len(keys),
        )


def _created(
    counter: Counter, company: Emulator, entity: str, writes: Sequence[Write], least: int, why: str
) -> list[str]:
    """Count creates and the same once more, as after a restart; return their keys."""
    made: list[str] = []

    def create() -> int:
        made.extend(_done(company, writes))
        return len(made)

    counter.count(f"{entity}, create {len(writes)}", create, lambda n: least, why, expected=len(writes))
    counter.count(
        f"{entity}, create {len(writes)} again", lambda: _done(company, writes), lambda n: 1, "all are found by their keys (§9)", expected=len(writes)
    )  # fmt: skip
    return made


def _finds(counter: Counter, company: Emulator, entity: str, writes: Sequence[Write]) -> None:
    keys = [write.intent_key for write in writes]
    for some in (keys[:1], keys):
        counter.count(
            f"{entity}, find {len(some)}", lambda k=some: connector(company).find(entity, k), lambda n: 1, "filters in a batch (§5, §9)", expected=len(some)
        )  # fmt: skip
    others = [f"NONE-{number:05}" for number in range(FETCHED)]
    counter.count(
        f"{entity}, find {FETCHED} unknown",
        lambda: connector(company).find(entity, others),
        lambda n: 1,
        "filters in a batch (§5, §9)",
        expected=0,
    )


def _customer(number: int) -> Write:
    values: dict[str, Value] = {
        "CardName": f"Benchmark Tooling {number}",
        "billing.Street": f"{number} Mill Lane",
        "billing.City": "Portland",
        "billing.Country": "US",
    }
    return Write(f"CALLS-ACC-{number:04}", "customer", Operation.CREATE, values)


def _contact(number: int, code: str) -> Write:
    values: dict[str, Value] = {"CardCode": code, "FirstName": "Ann", "LastName": f"Measured {number}"}
    return Write(f"CALLS-CON-{number:04}", "contact", Operation.CREATE, values)


def _order(number: int, code: str, item: str) -> Write:
    today = datetime.now(UTC).date()
    values: dict[str, Value] = {"CardCode": code, "DocDate": today, "DocDueDate": today + timedelta(days=14)}
    line: dict[str, Value] = {"ItemCode": item, "Quantity": 1, "UnitPrice": 10}
    return Write(f"CALLS-ORD-{number:04}", "order", Operation.CREATE, values, lines=(line,))


def _fresh(company: Emulator, selection: Selection, keys: Sequence[str], values: dict[str, Value]) -> list[Write]:
    """Return updates that state the versions their targets have now."""
    found = connector(company).fetch(selection, keys)
    return [
        Write(f"U-{one.key}", selection.entity, Operation.UPDATE, values, one.key, expected_version=one.version)
        for one in found
    ]


def _done(company: Emulator, writes: Sequence[Write]) -> list[str]:
    """Read ahead for updates and deliver in batches, as a task does; return the keys of what was done; anything else raises the reason."""
    target = connector(company)
    target.prepare([write for write in writes if write.operation is Operation.UPDATE])
    size = target.capabilities.write_batch.get(writes[0].entity, 1)
    batches = [writes[begin : begin + size] for begin in range(0, len(writes), size)]
    receipts = [receipt for batch in batches for receipt in target.deliver(batch)]
    refused = [receipt for receipt in receipts if receipt.outcome is not Outcome.DONE]
    if refused:
        raise RuntimeError(f"{refused[0].outcome}: {refused[0].message}")
    return [str(receipt.native_id) for receipt in receipts]
