"""What is told of invoices and payments: what may be shown, once each, nothing from before; and what a pairing may ask for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.model.entities import INVOICE, PAYMENT
from crosswalk.model.errors import ConfigurationError
from crosswalk.model.records import Image, Value
from crosswalk.pairing import load_pairing
from crosswalk.pairing.timeline import TimelinePolicy
from crosswalk.timeline.build import told_of

PAIRINGS = Path(__file__).parents[2] / "include" / "pairings"
FIRST = date(2026, 3, 1)
EVERY = TimelinePolicy(since=FIRST, events=("invoice_created", "invoice_paid", "invoice_overdue", "payment_received"))
DAYS = st.dates(FIRST - timedelta(days=40), FIRST + timedelta(days=40))
HIDDEN = "margin 42 %"


def document(entity: str, **values: Value) -> Image:
    modified = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
    return Image("erp", entity, "7", "1", modified, False, values, {"cost": HIDDEN, "iban": HIDDEN})


@st.composite
def documents(draw: st.DrawFn) -> Image:
    """An invoice or a payment as an ERP may have it."""
    about = draw(st.sampled_from((INVOICE, PAYMENT)))
    values: dict[str, Value] = {
        "customer_key": HIDDEN,
        "order_key": HIDDEN,
        "number": draw(st.sampled_from((None, "10"))),
    }
    values["status"] = draw(st.sampled_from((None, *about.field("status").choices)))
    values |= {name: draw(st.none() | DAYS) for name in (f"{about.name}_date", "due_date")}
    values |= {name: draw(st.none() | st.just(Decimal("1234.5"))) for name in ("total", "amount", "amount_remaining")}
    return document(about.name, currency=draw(st.sampled_from((None, "EUR"))), **values)


@given(documents(), DAYS)
def test_what_is_told_is_dated_after_the_beginning_and_says_nothing_that_is_hidden(one: Image, today: date) -> None:
    told = list(told_of(one, EVERY, today))
    assert len({each.event for each in told}) == len(told)
    for each in told:
        day = one.values[f"{one.entity}_date"]
        assert isinstance(day, date)
        assert day >= FIRST
        assert each.event.startswith(one.entity)
        assert HIDDEN not in f"{each.title} {each.body}"
        assert one.values["status"] != "voided"
    assert [each for each in told_of(one, EVERY, today) if each.event == "invoice_created"] == [
        each for each in told if each.event == "invoice_created"
    ]


def test_an_invoice_is_told_when_it_is_made_when_it_is_late_and_when_it_is_paid() -> None:
    about = {"number": "10", "invoice_date": date(2026, 3, 2), "due_date": date(2026, 3, 20), "currency": "EUR"}
    money = {"total": Decimal("1234.5"), "amount_remaining": Decimal("200")}

    def told(status: str, today: date) -> list[tuple[str, str, str, datetime]]:
        found = told_of(document("invoice", status=status, **about, **money), EVERY, today)
        return [(one.event, one.title, one.body, one.at) for one in found]

    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    made = ("invoice_created", "Invoice 10", "1,234.50 EUR, due on 2026-03-20", noon)
    assert told("open", date(2026, 3, 20)) == [made]
    late = ("invoice_overdue", "Invoice 10 is overdue", "open: 200.00 EUR, due on 2026-03-20", noon.replace(day=20))
    assert told("open", date(2026, 3, 21)) == [made, late]
    paid = ("invoice_paid", "Invoice 10 is paid", "1,234.50 EUR", datetime(2026, 3, 9, 8, 30, tzinfo=UTC))
    assert told("paid", date(2026, 3, 21)) == [made, paid]
    assert told("voided", date(2026, 3, 21)) == []


@pytest.mark.parametrize(
    ("file", "added", "said"),
    [
        ("netsuite_salesforce", "timeline: {since: 2026-01-01}", r"\.yaml:\d+.*timeline.*Salesforce shows no events"),
        ("sap_business_one_hubspot", "  payments: x", r"show_in_crm does not name payments"),
        ("sap_business_one_hubspot", "  since: null", r"timeline\.since"),
    ],
)
def test_a_timeline_that_cannot_be_is_refused_by_line_and_remedy(
    tmp_path: Path, file: str, added: str, said: str
) -> None:
    text = (PAIRINGS / f"{file}.yaml").read_text()
    if "payments" in added:
        text = text.replace(", invoices, payments", ", invoices")
    elif "null" in added:
        text = "\n".join("  since:" if line.startswith("  since: ") else line for line in text.splitlines())
    else:
        text += f"\n{added}\n"
    (tmp_path / f"{file}.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load_pairing(tmp_path / f"{file}.yaml")
