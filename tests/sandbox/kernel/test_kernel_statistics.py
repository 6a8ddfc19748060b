"""What SQLite is told of large tables."""

from __future__ import annotations

import sqlite3

from crosswalk_sandbox.kernel.bulk import take_statistics

ROWS = 20_000
PAGE = """explain query plan
select l.id from line l cross join document d on d.id = l.document where d.kind = 'order' and l.document > 5
 order by l.document, l.id limit 100"""


def test_a_sample_of_a_large_table_is_not_taken_for_its_rows() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "create table document (id integer primary key, kind text); create index document_kind on document (kind);"
        "create table line (id integer primary key, document integer, item integer);"
        "create index line_document on line (document, id); create index line_item on line (item) where item is not null;"
    )
    kinds = (("order" if number % 4 == 0 else "invoice",) for number in range(ROWS))
    connection.executemany("insert into document (kind) values (?)", kinds)
    lines = ((number % ROWS, number % 50) for number in range(4 * ROWS))
    connection.executemany("insert into line (document, item) values (?, ?)", lines)
    take_statistics(connection)

    said = {index: int(stat.split()[0]) for index, stat in connection.execute("select idx, stat from sqlite_stat1")}
    assert (said["document_kind"], said["line_document"]) == (ROWS, 4 * ROWS)
    assert not [row for row in connection.execute(PAGE) if "BLOOM" in row[3]]
