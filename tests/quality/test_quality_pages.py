"""The consistency pages over HTTP: what they show, narrow, download and lead to equals what SQL finds."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import urlsplit

import openpyxl
import pytest
import requests
from lxml import html

from crosswalk.hub.database import Hub

SPACE = "\u202f"


def page(url: str, path: str, **query: object) -> html.HtmlElement:
    answer = requests.get(url + path, params=query, timeout=30)
    assert answer.status_code == 200, answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    return html.fromstring(answer.text)


def figures(tree: html.HtmlElement, table: str) -> list[list[str]]:
    rows = tree.xpath(f"//table[@id='{table}']/tbody/tr")
    return [[cell.text_content().strip().replace(SPACE, "") for cell in row.xpath("./td")] for row in rows]


def test_the_report_shows_score_checks_entities_and_losses_as_sql_counts_them(pages: str, checked: Hub) -> None:
    tree = page(pages, "/consistency")
    with checked.connection() as connection:
        checks = connection.execute(
            "select title, severity, violations, population from hub.check_result where run_id = 'r1'"
        ).fetchall()
        total = connection.execute(
            "select sum(population)::int, sum(least(violations, population))::int from hub.check_result"
        ).fetchone()
        entities = connection.execute(
            "select entity, sum(population)::int, sum(least(violations, population))::int from hub.check_result group by 1 having sum(population) > 0"
        ).fetchall()
    assert total is not None
    shown = {(row[1], row[2], int(row[3]), int(row[4])) for row in figures(tree, "checks")}
    assert shown == set(checks)
    assert (tree.get_element_by_id("compared").text, tree.get_element_by_id("out-of-order").text) == tuple(
        map(str, total)
    )
    assert float(tree.get_element_by_id("score").text.removesuffix(" %")) == pytest.approx(
        100 - 100 * total[1] / total[0], abs=0.01
    )
    of_entities = {(row[0].replace(" ", "_"), int(row[2]), int(row[3])) for row in figures(tree, "entities")}
    assert of_entities == {(entity, of, wrong) for entity, of, wrong in entities}
    assert sum(int(row[2]) for row in figures(tree, "losses")) == total[1]
    assert "would raise the score most" in tree.get_element_by_id("advice").text_content()


@pytest.mark.parametrize(
    ("name", "value", "column"),
    [("entity", "contact", "entity"), ("severity", "critical", "severity"), ("check", "order_totals", "check_id")],
)
def test_a_filter_narrows_page_and_download_alike(pages: str, checked: Hub, name: str, value: str, column: str) -> None:
    with checked.connection() as connection:
        wanted = {
            title
            for (title,) in connection.execute(
                f"select title from hub.check_result where {column} = %s".encode(), (value,)
            )
        }
    assert {row[1] for row in figures(page(pages, "/consistency", **{name: value}), "checks")} == wanted
    file = requests.get(f"{pages}/consistency/report.csv", params={name: value}, timeout=30)
    assert {line["check"] for line in csv.DictReader(io.StringIO(file.text))} == wanted
    book = requests.get(f"{pages}/consistency/report.xlsx", params={name: value}, timeout=30)
    sheet = openpyxl.load_workbook(io.BytesIO(book.content))["Checks"]
    assert {row[1] for row in sheet.iter_rows(min_row=2, values_only=True)} == wanted


@pytest.mark.parametrize("query", [{"days": "2"}, {"severity": "fatal"}, {"entity": "<script>"}])
def test_a_filter_that_does_not_exist_is_refused(pages: str, query: dict[str, str]) -> None:
    assert requests.get(f"{pages}/consistency", params=query, timeout=30).status_code == 422


def test_a_check_leads_to_its_rows_and_a_row_to_both_records(pages: str, checked: Hub) -> None:
    tree = page(pages, "/consistency/check", check="customer_fields")
    (first, *_) = tree.xpath("//table[@id='rows']/tbody/tr/td[1]/a/@href")
    seen = page(pages, f"/consistency/{first}")
    with checked.connection() as connection:
        row = connection.execute(
            """select a.key, b.key, a.name, b.name from hub.check_violation v join hub.customer a on a.key = v.detail ->> 'crm_key'
               join hub.customer b on b.key = v.detail ->> 'erp_key' where v.id = %s""",
            (re.search(r"row=(\d+)", first).group(1),),
        ).fetchone()
    assert row is not None
    heads = [head.text_content() for head in seen.xpath("//table[@id='sides']/thead//th")]
    assert f"Salesforce customer {row[0]}" in heads[1]
    assert f"NetSuite customer {row[1]}" in heads[2]
    names = seen.xpath("//tr[@data-field='name']/td/text()")
    assert names[1:] == [row[2], row[3]]
    assert seen.xpath("//tr[@data-field='name']/@class") == ["differs"]
    links = seen.xpath("//table[@id='sides']/thead//a/@href")
    assert links == [
        f"https://example.my.salesforce.com/{row[0]}",
        f"https://1234567-sb1.app.netsuite.com/app/common/entity/custjob.nl?id={row[1]}",
    ]
    assert "top secret" not in html.tostring(seen, encoding="unicode")
    assert not seen.xpath("//tr[@data-field='balance']")


def test_the_rows_as_csv_and_excel_are_those_of_the_page(pages: str, checked: Hub) -> None:
    with checked.connection() as connection:
        asked = {
            key
            for (key,) in connection.execute(
                "select coalesce(detail ->> 'crm_key', detail ->> 'erp_key') from hub.check_violation where check_id = 'contact_duplicates'"
            )
        }
    text = requests.get(f"{pages}/consistency/check.csv", params={"check": "contact_duplicates"}, timeout=30).text
    assert {line["salesforce_key"] or line["netsuite_key"] for line in csv.DictReader(io.StringIO(text))} == asked
    book = requests.get(f"{pages}/consistency/check.xlsx", params={"check": "contact_duplicates"}, timeout=30)
    assert book.headers["Content-Disposition"] == 'attachment; filename="contact_duplicates.xlsx"'
    assert len(list(openpyxl.load_workbook(io.BytesIO(book.content)).active.iter_rows())) == len(asked) + 1
    shown = page(pages, "/consistency/check", check="contact_duplicates")
    assert len(shown.xpath("//table[@id='rows']/tbody/tr")) == len(asked)


def test_what_is_not_there_is_a_sentence(pages: str) -> None:
    for path in ("/consistency/check?check=nobody", "/consistency/record?row=999999", "/consistency?pairing=nobody"):
        answer = requests.get(pages + path, timeout=30)
        assert (answer.status_code, "Traceback" in answer.text) == (404, False)


@pytest.mark.parametrize("path", ["/consistency", "/consistency/check?check=customer_fields"])
def test_a_page_names_no_other_host_to_load_from(pages: str, path: str) -> None:
    tree = page(pages, path)
    loaded = tree.xpath("//script/@src | //img/@src | //link/@href | //iframe/@src | //form/@action")
    assert {urlsplit(address).netloc for address in loaded} <= {""}
    assert "great" not in html.tostring(tree, encoding="unicode").lower()
