"""The SQLite store below an account: transactions that nest, parts that fail alone, numbers that are kept."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.store import AccountStore


class Ledger(AccountStore):
    file = "ledger.sqlite"
    tables = "CREATE TABLE IF NOT EXISTS entry (word TEXT NOT NULL)"

    def words(self) -> list[str]:
        return [row[0] for row in self.reader().execute("SELECT word FROM entry ORDER BY rowid")]

    def add(self, word: str | None) -> None:
        self.execute("INSERT INTO entry VALUES (?)", (word,))

    def add_all(self, *words: str | None) -> None:
        with self.write():
            for word in words:
                self.add(word)


@pytest.fixture
def store(tmp_path):
    found = Ledger(tmp_path / "new", Clock(None))
    yield found
    found.close()


def test_an_error_undoes_the_whole_transaction_with_what_was_nested_in_it(store):
    with pytest.raises(sqlite3.IntegrityError), store.write():
        store.add_all("outer", "inner", None)
    assert store.words() == []
    assert store.version == 0


def test_a_part_that_fails_is_undone_alone(store):
    with store.write():
        store.add("kept")
        with pytest.raises(sqlite3.IntegrityError), store.savepoint():
            store.add_all("lost", None)
    assert store.words() == ["kept"]
    assert store.version == 1


def test_a_transaction_sees_what_it_wrote_and_nobody_else_does_before_the_end(store):
    with ThreadPoolExecutor(1) as other, store.write():
        store.add("word")
        assert store.words() == ["word"]
        assert other.submit(store.words).result() == []
    assert store.words() == ["word"]


def test_filling_ends_where_it_began_when_it_fails_and_the_account_can_be_read_again(store):
    assert store.words() == []
    with pytest.raises(sqlite3.IntegrityError), store.fill():
        store.add_all("half", None)
    assert store.words() == []
    with store.fill():
        store.add("whole")
    assert store.words() == ["whole"]


def test_numbers_and_settings_outlive_the_process(store, tmp_path):
    assert [store.next_id("record", 100), store.next_id("record", 100), store.next_id("job")] == [100, 101, 1]
    store.set_setting("loaded", "yes")
    store.close()
    again = Ledger(tmp_path / "new", Clock(None))
    assert (again.next_id("record", 100), again.setting("loaded"), again.setting("other")) == (102, "yes", None)
    again.close()
