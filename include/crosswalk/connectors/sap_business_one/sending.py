"""Creates in one request, each for itself, with questions behind them that tell what became of them (SAP Business One §9).

The server stops at the first part that it refuses: what comes behind it was not executed, and goes in another request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one.batch import Answer, Part
from crosswalk.connectors.sap_business_one.client import batch_error
from crosswalk.connectors.sap_business_one.pages import Question, Rows, page_of
from crosswalk.connectors.sap_business_one.receipts import Receipts, in_doubt, receipt_of
from crosswalk.model.errors import CrosswalkError, ReadOnlyError
from crosswalk.model.records import Write

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

Rowed = tuple[Write, Part]
"""A write, and the request that carries it out."""


@dataclass(slots=True)
class Sent:
    """What became of some creates: errors of those that were refused, by intent key; ``told`` is what the questions brought.

    Whoever is in neither ``refused`` nor ``receipts`` was taken. ``told`` is None where the questions could not be asked any more.
    """

    refused: dict[str, CrosswalkError] = field(default_factory=dict)
    receipts: Receipts = field(default_factory=dict)
    told: list[Rows] | None = None


def send(client: Client, rows: Sequence[Rowed], questions: Callable[[], Sequence[Question]]) -> Sent:
    """Send creates; after one that is refused, the rest in another request, until all are settled and the questions are answered."""
    sent, waiting = Sent(), list(rows)
    asked = list(questions())
    parts = [Part("GET", one.path, headers=one.headers) for one in asked]
    while waiting:
        try:
            answers = client.send_many([*(part for _, part in waiting), *parts])
        except ReadOnlyError:
            raise
        except CrosswalkError as error:
            sent.receipts |= {write.intent_key: receipt_of(write, error) for write, _ in waiting}
            break
        if len(answers) > len(waiting):
            sent.told = told_by(asked, answers[len(waiting) :])
        waiting = _after(client, waiting, answers, sent)
    if sent.told is None and len(sent.receipts) < len(rows):
        sent.told = _asked_again(client, asked)
    return sent


def _after(client: Client, waiting: list[Rowed], answers: Sequence[Answer], sent: Sent) -> list[Rowed]:
    """Note who was refused, and return those that were not executed; doubt those of whom a whole answer says nothing."""
    for (write, _), answer in zip(waiting, answers, strict=False):
        if answer.status >= 400:
            sent.refused[write.intent_key] = batch_error(client.transport.system, answer)
    behind = waiting[len(answers) :]
    if behind and not stopped(answers):
        sent.receipts |= {write.intent_key: in_doubt(write) for write, _ in behind}
        return []
    return behind


def stopped(answers: Sequence[Answer]) -> bool:
    """Tell whether a batch ended at a part that was refused: only then was nothing behind it executed."""
    return bool(answers) and answers[-1].status >= 400


def told_by(asked: Sequence[Question], answers: Sequence[Answer]) -> list[Rows] | None:
    """Return what questions within a batch brought; None when one of them was not answered."""
    if len(answers) < len(asked) or any(answer.status >= 400 for answer in answers):
        return None
    return [Rows(*page_of(answer.json, one.rows), None) for one, answer in zip(asked, answers, strict=True)]


def _asked_again(client: Client, asked: Sequence[Question]) -> list[Rows] | None:
    try:
        return client.ask(asked)
    except CrosswalkError:
        return None  # the writes are in doubt, which is settled by the same questions later
