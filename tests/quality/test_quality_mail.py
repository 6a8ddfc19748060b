"""The scheduled mail: sent through Airflow's own SMTP notifier to a real server, with the figures of the hub; off unless somebody is to get it."""

from __future__ import annotations

import email
import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from aiosmtpd.controller import Controller

from crosswalk.hub.database import Hub
from tests.dags.conftest import inspect
from tests.quality.company import INCLUDE, NAME
from tests.quality.pages import REPOSITORY, airflow_environment, free_port


class Inbox:
    """Takes every mail but those for ``nobody``."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """A mail server on the loopback, and its port."""
    inbox = Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        yield inbox, server.port
    finally:
        server.stop()


def send(home: Path, dsn: str, port: int, attach: str, to: str) -> subprocess.CompletedProcess[str]:
    mail = {"AIRFLOW_CONN_MAIL": f"smtp://127.0.0.1:{port}/?disable_ssl=true&disable_tls=true&retry_limit=1"}
    command = [sys.executable, str(Path(__file__).with_name("send_report.py")), NAME, attach, to]
    return subprocess.run(
        command, env=airflow_environment(home, dsn) | mail, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_mail_tells_score_advice_and_differences_and_brings_the_figures(
    checked: Hub, inbox: tuple[Inbox, int], tmp_path: Path
) -> None:
    box, port = inbox
    done = send(tmp_path, checked.dsn, port, "xlsx", "analyst@example.com")
    assert done.returncode == 0, done.stderr[-2000:]
    (mail,) = box.mails
    with checked.connection() as connection:
        wrong = connection.execute("select title, violations from hub.check_result where not success").fetchall()
        rows = connection.execute("select check_id, violations, population from hub.check_result").fetchall()
    assert (mail["To"], mail["From"]) == ("analyst@example.com", "hub@example.com")
    assert "% in order" in mail["Subject"]
    body = mail.get_body(("html",))
    assert body is not None
    text = body.get_content()
    assert all(title.replace("'", "&#39;") in text for title, _ in wrong)
    assert "would raise the score most" in text
    assert f"http://127.0.0.1:8080/plugin/consistency/crosswalk/consistency?pairing={NAME}" in text
    (file,) = mail.iter_attachments()
    assert file.get_filename() == f"{NAME}_consistency.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(file.get_content()))["Checks"]
    assert {(row[2], row[5], row[6]) for row in sheet.iter_rows(min_row=2, values_only=True)} == set(rows)


def test_a_mail_that_is_refused_fails_the_task(checked: Hub, inbox: tuple[Inbox, int], tmp_path: Path) -> None:
    done = send(tmp_path, checked.dsn, inbox[1], "none", "nobody@example.com")
    assert done.returncode != 0
    assert "SMTPRecipientsRefused" in done.stderr
    assert inbox[0].mails == []


def test_there_is_a_dag_for_the_mail_where_somebody_is_to_get_it(tmp_path: Path) -> None:
    shutil.copytree(INCLUDE / "pairings", tmp_path / "include" / "pairings")
    (tmp_path / "dags").mkdir()
    shutil.copy(REPOSITORY / "dags" / "consistency_report.py", tmp_path / "dags")
    home = tmp_path / "home"
    home.mkdir()
    assert inspect(home, tmp_path / "dags")["dags"] == {}
    file = tmp_path / "include" / "pairings" / f"{NAME}.yaml"
    told = file.read_text().replace(
        "\nchecks:\n", '\nchecks:\n  report: {recipients: [analyst@example.com], schedule: "0 7 * * 1"}\n'
    )
    file.write_text(told)
    facts = inspect(home, tmp_path / "dags")
    assert facts["errors"] == {}
    (dag,) = facts["dags"].values()
    assert (dag["schedule"], dag["survives"], list(dag["tasks"])) == ("0 7 * * 1", True, ["report"])
