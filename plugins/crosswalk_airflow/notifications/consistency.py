"""The consistency report as a mail: a summary to read, the figures as a file, and the way to the page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from airflow.providers.smtp.notifications.smtp import SmtpNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.pairing import Pairing
    from crosswalk.pairing.checks import Attachment
    from crosswalk.quality.tables import Table

_DAYS = 7


@dataclass(frozen=True, slots=True)
class Letter:
    """A report ready to be sent; ``tables`` are the figures of the attachment, checks first."""

    subject: str
    html: str
    tables: Sequence[Table]


class ConsistencyReportNotifier(SmtpNotifier):
    """Sends a pairing's consistency report by the SMTP connection.

    :param pairing: name of the pairing; its file and hub are read when the mail is sent.
    :param attach: ``xlsx``, ``csv`` (checks only) or ``none``.
    """

    def __init__(self, *, pairing: str, attach: Attachment = "xlsx", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairing = pairing
        self.attach = attach

    def notify(self, context: Context) -> None:
        """Write the report as it stands now and send it; raises what the SMTP hook raises."""
        from crosswalk.quality.tables import as_csv, as_workbook

        letter = self._letter()
        self.subject, self.html_content = letter.subject, letter.html
        with tempfile.TemporaryDirectory(prefix="crosswalk-report-") as folder:
            file = Path(folder) / f"{self.pairing}_consistency.{self.attach}"
            if self.attach == "xlsx":
                file.write_bytes(as_workbook(letter.tables))
            elif self.attach == "csv":
                file.write_text(as_csv(letter.tables[0]), encoding="utf-8")
            self.files = [] if self.attach == "none" else [str(file)]
            super().notify(context)

    async def async_notify(self, context: Context) -> None:
        """Do the same where Airflow notifies asynchronously; the hub is read by blocking calls."""
        await asyncio.to_thread(self.notify, context)

    def _letter(self) -> Letter:
        from crosswalk.pairing import load_pairing
        from crosswalk.quality.report import advice, entity_scores, latest_checks, losses, score_of, trend
        from crosswalk.quality.tables import summary
        from crosswalk_airflow.hooks.hub import HubHook
        from crosswalk_airflow.paths import pairing_file
        from crosswalk_airflow.ui.rendering import percent, render

        pairing = load_pairing(pairing_file(self.pairing))
        with HubHook(pairing.hub_connection).get_conn().connection() as connection:
            checks = latest_checks(connection, pairing.name)
            points = trend(connection, pairing.name, days=_DAYS)
        score, missing = score_of(checks), losses(checks)
        content = {
            "pairing": pairing,
            "score": score,
            "change": points[-1].score - points[0].score if len(points) > 1 else None,
            "days": _DAYS,
            "advice": advice(missing),
            "checks": checks,
            "failing": [check for check in checks if not check.success],
            "compared": sum(check.population for check in checks),
            "out_of_order": sum(check.out_of_order for check in checks),
            "entities": entity_scores(checks),
            "page": _page_of(pairing),
        }
        words = "nothing was compared yet" if score is None else f"{percent(score)} in order"
        return Letter(f"{pairing.title}: {words}", render("mail.html", **content), summary(pairing, checks, points))


def _page_of(pairing: Pairing) -> str | None:
    """Return the report's address, where Airflow knows its own."""
    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="") or ""
    query = urlencode({"pairing": pairing.name})
    return f"{base.rstrip('/')}/plugin/consistency/crosswalk/consistency?{query}" if base else None
