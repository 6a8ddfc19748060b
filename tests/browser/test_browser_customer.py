"""The customer page as a salesperson uses it, and the card that needs no login: every sum is what SQL of the test's own says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from crosswalk.facts.card_link import CardLink, SigningKey, sign
from tests.airflow.first_runs import FirstRuns
from tests.browser.chromium import Browser
from tests.stack import Stack

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(1200)]

PAIRING = "netsuite_salesforce"
HUB_KEY = SigningKey("hub-1", "11" * 32)
ORG_KEY = SigningKey("org-1", "22" * 32, scope=f"{PAIRING}/salesforce")
_OWES = """
select e.key from hub.link_end e join hub.link_end n on n.link_id = e.link_id and n.system = 'netsuite'
  join hub.invoice i on i.system = 'netsuite' and i.customer_key = n.key and i.status = 'open' and i.deleted_at is null
 where e.entity = 'customer' and e.system = 'salesforce' group by 1
 order by bool_or(i.total <> i.amount_remaining) desc, count(*) desc, 1 limit 1
"""


@pytest.fixture(scope="module")
def customer(stack: Stack, first: FirstRuns) -> tuple[str, str, str]:
    """The linked customer with the most open invoices: its keys in CRM and ERP, and its name."""
    [(crm,)] = stack.rows(_OWES)
    [(erp, name)] = stack.rows(
        "select n.key, c.name from hub.link_end e join hub.link_end n on n.link_id = e.link_id and n.system = 'netsuite'"
        " join hub.customer c on c.system = 'salesforce' and c.key = e.key where e.entity = 'customer' and e.key = %s",
        [crm],
    )
    return crm, erp, name


@pytest.fixture(scope="module")
def keys(stack: Stack) -> Iterator[None]:
    """The connection whose keys sign cards, as a person makes it in Airflow."""
    secrets = {key.name: key.secret for key in (HUB_KEY, ORG_KEY)}
    extra = {"secret_keys": secrets, "scopes": {ORG_KEY.name: ORG_KEY.scope}, "current": HUB_KEY.name}
    body = {"connection_id": "crosswalk_card", "conn_type": "generic", "extra": json.dumps(extra)}
    stack.airflow.ask("POST", "/api/v2/connections", body)
    yield
    stack.airflow.ask("DELETE", "/api/v2/connections/crosswalk_card")


def amounts(cell: str) -> dict[str, Decimal]:
    """Return the sums in a text, by currency: ``1 234.50 EUR``."""
    found = re.findall("([\u2212\\d\u202f.]+)[\u00a0 ]([A-Z]{3})", cell)
    return {currency: Decimal(text.replace("\u202f", "").replace("\u2212", "-")) for text, currency in found}


def shown(window: Browser, label: str) -> dict[str, Decimal]:
    """Return what a tile says."""
    tile = next((one for one in window.all("#glance .card") if one.text.startswith(label)), None)
    return amounts(tile.text.split("weighted")[0]) if tile else {}


def test_a_customer_is_searched_for_and_every_sum_is_what_sql_says(
    seen: Browser, stack: Stack, customer: tuple[str, str, str]
) -> None:
    crm, erp, name = customer
    seen.page("customer", "input[name=q]").send_keys(name)
    seen.see("button[type=submit]").click()
    seen.inside("#hits tbody tr")
    next(one for one in seen.all("#hits a") if f"key={crm}" in str(one.get_attribute("href"))).click()
    seen.inside("#receivables tbody tr")
    assert name in seen.see("h1").text
    sums = {
        "Open invoices": ("select currency, sum(amount_remaining) from hub.invoice where system = 'netsuite' and customer_key = %s and status = 'open'", erp),
        "Paid in 12 months": (
            "select currency, sum(amount) from hub.payment where system = 'netsuite' and customer_key = %s and status <> 'voided'"
            " and payment_date > (now() at time zone 'utc')::date - 365", erp),
        "Orders not billed": (
            "select currency, sum(total) from hub.\"order\" where system = 'netsuite' and customer_key = %s"
            " and status in ('pending_approval', 'open', 'partially_shipped', 'shipped')", erp),
        "Pipeline": ("select currency, sum(amount) from hub.deal where system = 'salesforce' and customer_key = %s and not is_closed", crm),
    }  # fmt: skip
    for label, (query, key) in sums.items():
        asked = dict(stack.rows(f"{query} and deleted_at is null group by 1", [key]))
        assert shown(seen, label) == {currency: round(amount, 2) for currency, amount in asked.items()}, label
    [(overdue, limit)] = stack.rows(
        "select overdue, credit_limit from hub.customer where system = 'netsuite' and key = %s", [erp]
    )
    credit = seen.see("#credit").text
    assert list(shown(seen, "Overdue").values()) == ([] if overdue is None else [round(overdue, 2)])
    of_limit = amounts(credit.partition("Limit")[2].partition("Balance")[0])
    assert list(of_limit.values()) == ([] if limit is None else [round(limit, 2)])


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (1920, "light")])
def test_a_customer_fits_and_follows_the_theme(
    seen: Browser, stack: Stack, customer: tuple[str, str, str], width: int, theme: str
) -> None:
    seen.size(width, 1000)
    seen.theme(theme)
    seen.page(f"customer/crosswalk/customer/record?pairing={PAIRING}&system=salesforce&key={customer[0]}", "#glance")
    shade = [int(part) for part in re.findall(r"\d+", seen.background())[:3]]
    assert (sum(shade) > 600) == (theme == "light")
    assert not seen.overflows()
    assert seen.complaints() == []


def test_won_deals_say_why_they_have_no_order(stack: Stack, first: FirstRuns) -> None:
    for deal, cause in first.blocked.items():
        [(account,)] = stack.rows("select customer_key from hub.deal where key = %s", [deal])
        answer = stack.airflow_as("viewer").send("GET", "/crosswalk/customer/record", system="salesforce", key=account)
        assert cause in answer.text


def test_a_hostile_name_is_shown_and_not_obeyed(stack: Stack, first: FirstRuns) -> None:
    name = f"Größter <script>alert(1)</script> {'Donaudampfschifffahrts' * 8} \"&'"
    stack.rows(
        "insert into hub.customer (system, key, version, run_id, fingerprint, landed_at, changed_at, name, extras)"
        " values ('netsuite', 'hostile-1', '1', 'test', 1, now(), now(), %s, '{}') returning key", [name]
    )  # fmt: skip
    try:
        viewer = stack.airflow_as("viewer")
        for page in ({"path": "/crosswalk/customer", "q": "Groesster"},
                     {"path": "/crosswalk/customer/record", "system": "netsuite", "key": "hostile-1"}):  # fmt: skip
            answer = viewer.send("GET", page.pop("path"), **page)
            assert answer.status_code == 200
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
            assert "<script>alert" not in answer.text
    finally:
        stack.rows("delete from hub.customer where key = 'hostile-1' returning key")


def test_who_does_not_exist_is_a_sentence(stack: Stack, first: FirstRuns) -> None:
    viewer = stack.airflow_as("viewer")
    assert viewer.send("GET", "/crosswalk/customer/record", system="netsuite", key="0").status_code == 404
    assert viewer.send("GET", "/crosswalk/customer/record", system="elsewhere", key="0").status_code == 404
    assert "No customer fits" in viewer.send("GET", "/crosswalk/customer", q="zzzzzzzz").text


# -- the card ----------------------------------------------------------------------------------------------------------


def link_for(system: str, key: str, *, by: SigningKey = HUB_KEY, hours: float = 1) -> CardLink:
    return sign(by, PAIRING, system, key, expires=datetime.now(UTC) + timedelta(hours=hours))


def get(stack: Stack, path: str) -> requests.Response:
    return requests.get(stack.url + path, timeout=30, allow_redirects=False)


def test_a_signed_link_shows_the_erps_facts_without_a_login(
    stack: Stack, customer: tuple[str, str, str], keys: None
) -> None:
    crm, erp, _ = customer
    for key in (HUB_KEY, ORG_KEY):
        answer = get(stack, link_for("salesforce", crm, by=key).path)
        assert answer.status_code == 200
    [(number, remaining, currency)] = stack.rows(
        "select number, amount_remaining, currency from hub.invoice where system = 'netsuite' and customer_key = %s and status = 'open'"
        " and deleted_at is null order by due_date nulls last, key limit 1", [erp]
    )  # fmt: skip
    assert number in answer.text
    assert amounts(answer.text.split(f"<td>{number}</td>")[1].split("</tr>")[0])[currency] == round(remaining, 2)
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors https://*.lightning.force.com https://*.my.salesforce.com" in policy
    assert "netsuite" not in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "X-Frame-Options" not in answer.headers
    assert "<script" not in answer.text
    other = get(stack, link_for("netsuite", erp).path)
    assert "frame-ancestors https://*.app.netsuite.com" in other.headers["Content-Security-Policy"]
    assert number not in other.text


def test_a_link_that_was_touched_shows_nothing_and_tells_nothing(
    stack: Stack, customer: tuple[str, str, str], keys: None
) -> None:
    crm, erp, name = customer
    good = link_for("salesforce", crm)
    path, query = urlsplit(good.path).path, dict(parse_qsl(urlsplit(good.path).query))
    stranger = SigningKey("hub-1", "33" * 32)
    wrong = [
        path,
        good.path.replace(crm, first_other(stack, crm)),
        good.path.replace("/salesforce/", "/netsuite/"),
        f"{path}?{urlencode({**query, 'expires': int(query['expires']) + 1})}",
        f"{path}?{urlencode({**query, 'by': 'org-1'})}",
        f"{path}?{urlencode({**query, 'by': 'nobody'})}",
        f"{path}?{urlencode({**query, 'signature': '0' * 64})}",
        link_for("salesforce", crm, by=stranger).path,
        link_for("salesforce", crm, hours=-0.1).path,
        link_for("salesforce", crm, hours=24 * 500).path,
        link_for("netsuite", erp, by=SigningKey("org-1", ORG_KEY.secret)).path,
        good.path.replace(PAIRING, "other_pairing"),
    ]
    for one in wrong:
        answer = get(stack, one)
        assert answer.status_code == 403, one
        assert name not in answer.text
    unknown = get(stack, link_for("salesforce", "001DoesNotExist").path)
    assert (unknown.status_code, "Not known yet" in unknown.text) == (404, True)


def first_other(stack: Stack, key: str) -> str:
    [(other,)] = stack.rows("select key from hub.customer where system = 'salesforce' and key <> %s limit 1", [key])
    return str(other)


def test_a_card_opens_no_other_door(stack: Stack, customer: tuple[str, str, str], keys: None) -> None:
    good = link_for("salesforce", customer[0])
    query = urlsplit(good.path).query
    for path in (
        "/crosswalk-card/",
        "/crosswalk-card/docs",
        "/crosswalk-card/openapi.json",
        f"/crosswalk-card/../crosswalk/overview?{query}",
    ):
        assert get(stack, path).status_code in (401, 404), path
    assert get(stack, f"/crosswalk/customer?{query}").status_code == 401
    assert get(stack, f"/api/v2/connections?{query}").status_code == 401
    assert requests.post(stack.url + good.path, timeout=30).status_code == 405


def test_the_command_line_signs_a_link_that_opens(stack: Stack, customer: tuple[str, str, str], keys: None) -> None:
    told = stack.crosswalk("card-link", PAIRING, "salesforce", customer[0], "--base-url", stack.url).strip()
    assert told.startswith(f"{stack.url}/crosswalk-card/{PAIRING}/salesforce/{customer[0]}?")
    assert requests.get(told, timeout=30).status_code == 200
