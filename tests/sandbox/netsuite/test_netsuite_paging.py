"""What a page costs must not grow with what is left to read."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from crosswalk_sandbox.netsuite.suiteql.walking import walk_in_order

LINES = (
    "SELECT l.id FROM line AS l JOIN document AS d ON d.id = l.document LEFT JOIN place AS p ON p.id = l.place"
    " WHERE d.type = 'SalesOrd'{more} ORDER BY {order} LIMIT 1001"
)


def walked(more: str = "", order: str = "l.document, l.id") -> list[str]:
    tree = sqlglot.parse_one(LINES.format(more=more, order=order), read="sqlite")
    walk_in_order(tree)
    return [f"{join.side}{join.kind}" for join in tree.find_all(exp.Join)]


@pytest.mark.parametrize("more", ["", " AND l.document >= 7 AND (l.document > 7 OR l.id > 4)"])
def test_pages_in_the_order_of_the_first_table_walk_it(more: str) -> None:
    assert walked(more) == ["CROSS", "LEFT"]


def test_a_range_of_another_table_may_lead_instead() -> None:
    assert walked(" AND d.changed >= '2026-01-01'") == ["", "LEFT"]


def test_another_tables_order_is_left_alone() -> None:
    assert walked(order="d.changed, l.id") == ["", "LEFT"]
