"""What was just done, told on the page that a deed leads back to. The address holds words and numbers of ours, never sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query

Deed = Literal["replayed", "edited", "edited_held", "unchanged", "assigned", "ignored", "noticed", "closed"]

_SENTENCES: dict[Deed, str] = {
    "replayed": "{records} will be tried again.",
    "edited": "Your values were stored, and the write is planned again.",
    "edited_held": "Your values were stored. With them the order needs an approval: it is asked for in Airflow, under Required Actions.",
    "unchanged": "Nothing was changed, so nothing was done.",
    "assigned": "{records} assigned.",
    "ignored": "{records} ignored for as long as the trouble is the same.",
    "noticed": "{records} back in the list.",
    "closed": "{records} closed. What fails again comes back.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What was done, in sentences, and the runs that were started for it as ``(dag, run)``."""

    sentences: list[str]
    runs: list[tuple[str, str]]


def told_of(
    told: Deed | None = None,
    count: Annotated[int, Query(ge=0)] = 0,
    stuck: Annotated[int, Query(ge=0)] = 0,
    began: Annotated[
        list[Annotated[str, Query(pattern=r"^[\w.-]+/[\w.:+-]+$", max_length=500)]] | None, Query()
    ] = None,
) -> Told | None:
    """Return what the address tells; None when nothing was done."""
    if told is None:
        return None
    sentences = []
    if count or not stuck:
        sentences.append(_SENTENCES[told].format(records=f"{count} record{'s' if count != 1 else ''}"))
    if stuck:
        sentences.append(
            f"{stuck} left as they are: their writes are not refused any more: they are under way, in doubt, or wait for a person."
        )
    if told in ("replayed", "edited") and count and not began:
        sentences.append("The next run takes them.")
    runs = [(dag, run) for dag, _, run in (one.partition("/") for one in began or [])]
    return Told(sentences, runs)
