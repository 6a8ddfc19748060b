"""NetSuite §6, statement by statement: what SuiteQL takes and what it refuses."""

from __future__ import annotations

import re

import pytest
from netsuite_account import Client, error_of

TAKEN = """
SELECT id FROM term ORDER BY id FETCH FIRST 2 ROWS ONLY => 2
SELECT id FROM term ORDER BY id OFFSET 2 ROWS FETCH NEXT 3 ROWS ONLY => 3
SELECT id FROM term WHERE ROWNUM <= 2 ORDER BY id DESC => 2
SELECT id FROM term WHERE ROWNUM < 2 => 1
SELECT id AS internalId, name "Term Name" FROM term => 6
SELECT DISTINCT type FROM transaction WHERE type IN ('SalesOrd', 'CustInvc') => 2
SELECT id FROM term UNION SELECT id FROM term => 6
SELECT id FROM term UNION ALL SELECT id FROM term => 12
SELECT id FROM term MINUS SELECT id FROM term WHERE id > 2 => 2
SELECT id FROM term WHERE id IN (SELECT terms FROM customer WHERE terms IS NOT NULL) AND id < 0 => 0
SELECT x.n FROM (SELECT COUNT(*) AS n FROM term) x => 1
SELECT t.id FROM term t WHERE EXISTS (SELECT 1 FROM term u WHERE u.id = t.id AND u.id <= 3) => 3
SELECT t.id, (SELECT COUNT(*) FROM term u WHERE u.id < t.id) AS before FROM term t => 6
SELECT c.id FROM term c LEFT JOIN currency x ON x.id = c.id WHERE c.id <= 4 => 4
SELECT c.id FROM currency x RIGHT OUTER JOIN term c ON x.id = c.id => 6
SELECT c.id FROM term c, currency x WHERE c.id = x.id(+) => 6
SELECT COUNT(*) AS n FROM term HAVING COUNT(*) > 100 => 0
SELECT searchstage, COUNT(*) AS n FROM customer GROUP BY searchstage HAVING COUNT(*) > 0 ORDER BY n DESC => 1
SELECT BUILTIN.DF(c.searchstage) AS s, MAX(c.id) AS m FROM customer c GROUP BY c.searchstage => 1
SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS r, LAG(id) OVER (ORDER BY id) AS p FROM term => 6
SELECT id, SUM(id) OVER (ORDER BY id) AS s, FIRST_VALUE(name) OVER (ORDER BY id) AS f, NTILE(2) OVER (ORDER BY id) AS t FROM term => 6
SELECT TRUNC(SYSDATE) AS a, ADD_MONTHS(SYSDATE, -1) AS b, TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS') AS c FROM dual => 1
SELECT NVL(NULL, 'x') AS a, COALESCE(NULL, NULL, 'y') AS b, 'a' || 'b' AS c FROM dual => 1
SELECT CASE WHEN id > 3 THEN 'big' ELSE 'small' END AS size_of, MIN(id) AS m FROM term GROUP BY CASE WHEN id > 3 THEN 'big' ELSE 'small' END => 2
SELECT id FROM transaction WHERE trandate < TO_DATE('1999-12-31', 'YYYY-MM-DD') => 0
SELECT id FROM customer WHERE lastmodifieddate < TO_TIMESTAMP('1999-12-31 23:59:59', 'YYYY-MM-DD HH24:MI:SS') => 0
SELECT id FROM transaction WHERE trandate >= BUILTIN.RELATIVE_RANGES('THIS_MONTH', 'START') AND id < 0 => 0
SELECT BUILTIN.CF(status) AS raw, BUILTIN.DF(status) AS shown FROM transaction WHERE ROWNUM <= 1 => 1
SELECT BUILTIN.CONSOLIDATE(foreigntotal, 'LEDGER', 'DEFAULT', 'DEFAULT', 1, 1, 'DEFAULT') AS c FROM transaction WHERE ROWNUM <= 1 => 1
SELECT ';' AS a, '::' AS b, ' LIMIT 5' AS c FROM dual => 1
"""
REFUSED = """
SELECT id FROM term LIMIT 5
SELECT id FROM term LIMIT 5 OFFSET 5
SELECT TOP 5 id FROM term
SELECT id FROM term FETCH FIRST 10 PERCENT ROWS ONLY
SELECT id FROM term FETCH FIRST 1 ROWS WITH TIES
WITH t AS (SELECT id FROM term) SELECT id FROM t
SELECT id FROM (WITH t AS (SELECT id FROM term) SELECT id FROM t) x
SELECT [id] FROM term
SELECT `id` FROM term
SELECT id FROM transaction WHERE trandate > DATE '2026-01-15'
SELECT id FROM transaction WHERE lastmodifieddate > TIMESTAMP '2026-01-15 00:00:00'
SELECT id FROM transaction WHERE lastmodifieddate > '2026-01-15'
SELECT CURRENT_DATE FROM dual
SELECT NOW() FROM dual
SELECT GETDATE() FROM dual
SELECT id::text FROM term
SELECT id FROM term WHERE name ILIKE 'n%'
SELECT id FROM term FOR UPDATE
SELECT id FROM term;
SELECT id FROM term; SELECT id FROM term
DELETE FROM term
INSERT INTO term (name) VALUES ('x')
UPDATE term SET name = 'x'
DROP TABLE term
CREATE TABLE x (id INTEGER)
SELECT x.id FROM term x, currency y WHERE x.id(+) = y.id
SELECT t.id FROM term t JOIN currency c ON c.id = t.id, currency x WHERE t.id = x.id(+)
SELECT id, COUNT(*) FROM term
SELECT name, MAX(id) FROM term GROUP BY isinactive
SELECT isinactive, COUNT(*) AS n FROM term GROUP BY isinactive ORDER BY name
SELECT id, name FROM term UNION SELECT id FROM term
SELECT id FROM nosuchtable
SELECT nosuchcolumn FROM term
SELECT x.id FROM term t
SELECT balance FROM customer
SELECT type FROM item
SELECT subsidiary FROM transaction
SELECT NOSUCH(id) FROM term
SELECT id FROM term WHERE
FROM term
"""


@pytest.mark.parametrize("case", TAKEN.strip().splitlines())
def test_a_statement_of_the_dialect_is_answered(shared: Client, case: str) -> None:
    query, _, count = case.rpartition(" => ")
    rows = shared.sql(query)
    assert len(rows) == int(count)
    assert all(isinstance(value, str) and name == name.lower() for row in rows for name, value in row.items())


@pytest.mark.parametrize("query", REFUSED.strip().splitlines())
def test_a_statement_outside_the_dialect_is_refused(shared: Client, query: str) -> None:
    status, code, detail = error_of(shared.ask(query))
    assert (status, code) == (400, "INVALID_PARAMETER")
    assert re.match(
        r"Invalid search query\. Detailed unprocessed description follows\. Search error occurred: .+\.", detail
    )
    assert shared.ask("SELECT id FROM term").json()["totalResults"] == 6


def test_parameters_stand_wherever_a_value_may_and_are_text(shared: Client) -> None:
    query = (
        "SELECT ? AS word, id FROM term WHERE id IN (?, ?, ?) AND name LIKE ? AND ROWNUM <= 5"
        " UNION ALL SELECT ?, id FROM term WHERE id BETWEEN ? AND ? ORDER BY id, word"
    )
    rows = shared.sql(query, "first", "1", "2", "99", "%", "second", "2", "3")
    assert [(row["word"], row["id"]) for row in rows] == [
        ("first", "1"),
        ("first", "2"),
        ("second", "2"),
        ("second", "3"),
    ]
    many = ["1"] * 1000
    marks = ", ".join("?" * 1000)
    assert len(shared.sql(f"SELECT id FROM term WHERE id IN ({marks})", *many)) == 1
    assert error_of(shared.ask(f"SELECT id FROM term WHERE id IN ({marks}, ?)", *many, "1"))[0] == 400


def test_a_row_of_nulls_is_only_its_empty_links(shared: Client) -> None:
    answer = shared.ask("SELECT NULL AS a, NULLIF(1, 1) AS b FROM dual").json()
    assert answer["items"] == [{"links": []}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM customer WHERE id > ? ORDER BY id FETCH FIRST 1000 ROWS ONLY",
        "SELECT id FROM transaction WHERE id > ? ORDER BY id FETCH FIRST 1000 ROWS ONLY",
        "SELECT uniquekey FROM transactionline WHERE uniquekey > ? ORDER BY uniquekey FETCH FIRST 1000 ROWS ONLY",
        "SELECT t.id, l.id AS line FROM transaction t JOIN transactionline l ON l.transaction = t.id"
        " WHERE t.id > ? ORDER BY t.id FETCH FIRST 1000 ROWS ONLY",
    ],
)
def test_keyset_pages_walk_an_index_at_any_depth(shared: Client, query: str) -> None:
    suiteql = shared.emulator._suiteql
    translated = suiteql._translate(query, shared.emulator._account.role(1001))
    plan = [row[-1] for row in shared.emulator._store.reader().execute("EXPLAIN QUERY PLAN " + translated.sql, ("5",))]
    assert any(step.startswith("SEARCH") for step in plan), plan
    assert not any(step.startswith("SCAN") or "TEMP B-TREE FOR ORDER BY" in step for step in plan), plan
