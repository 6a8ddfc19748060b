"""Statements on which SOQL parsers are compared: drawn from a grammar, then bent, beside hand-picked ones of Salesforce §5.

Run as a program it asks the parser of another project (npm ``@jetstreamapp/soql-parser-js``, in the folder given as the
argument) about each statement and rewrites the kept corpus; the tests need neither node nor npm.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

CORPUS = Path(__file__).parents[2] / "contracts" / "salesforce" / "soql-corpus.json"
PACKAGE = "@jetstreamapp/soql-parser-js"
DRAWN = 1_200
ASK = f"""
import {{ parseQuery }} from '{PACKAGE}';
import fs from 'fs';
const accepts = text => {{ try {{ parseQuery(text); return true; }} catch {{ return false; }} }};
console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, 'utf8')).map(accepts)));
"""

PICKED = """
SELECT Id FROM Account
select id from account
SELECT Id, Name FROM Account WHERE Name = 'Acme'
SELECT Id FROM Account WHERE Name LIKE 'A%' AND (Type = 'x' OR Type = 'y')
SELECT Id FROM Account WHERE NOT Name = 'x'
SELECT Id FROM Account WHERE NOT (Name = 'x' AND Type = 'y')
SELECT Id FROM Account WHERE (NOT Name = 'x') AND Type = 'y'
SELECT Id FROM Account WHERE Name = 'x' AND NOT Type = 'y'
SELECT Id FROM Account WHERE Name IN ('a', 'b')
SELECT Id FROM Account WHERE Name NOT IN ('a', 'b')
SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)
SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact WHERE Email = null)
SELECT Id FROM Account WHERE Tags__c INCLUDES ('a;b', 'c')
SELECT Id FROM Account WHERE Tags__c EXCLUDES ('a')
SELECT Id FROM Account WHERE CreatedDate >= 2026-05-06T11:56:44Z
SELECT Id FROM Account WHERE CreatedDate >= 2026-05-06T11:56:44+00:00
SELECT Id FROM Account WHERE CreatedDate >= 2026-05-06T11:56:44.000+0000
SELECT Id FROM Account WHERE SystemModstamp >= 2026-01-01T00:00:00.000000Z ORDER BY SystemModstamp ASC
SELECT Id  FROM Account  WHERE SystemModstamp >= 2026-01-01T00:00:00.000000Z  ORDER BY SystemModstamp ASC
SELECT Id FROM Account WHERE SystemModstamp >= 2026-01-01T00:00:00.000+00:00 AND SystemModstamp < 2026-02-01T00:00:00.000+00:00
SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01T00:00:00.000000Z ORDER BY SystemModstamp ASC LIMIT 100
SELECT Id FROM Opportunity WHERE CloseDate = 2026-05-06
SELECT Id FROM Opportunity WHERE CloseDate = TODAY
SELECT Id FROM Opportunity WHERE CloseDate > LAST_N_DAYS:30
SELECT Id FROM Opportunity WHERE CloseDate = THIS_FISCAL_QUARTER
SELECT Id FROM Opportunity WHERE Amount > 1000.50 AND Amount != null
SELECT Id FROM Opportunity WHERE Amount > USD1000
SELECT Id FROM Opportunity WHERE Amount >= -1.5
SELECT Id FROM Opportunity WHERE IsWon = TRUE AND IsClosed != false
SELECT Id FROM Opportunity WHERE Name <> 'x'
SELECT COUNT() FROM Account
SELECT COUNT() FROM Account WHERE Name = 'x'
SELECT COUNT(Id) FROM Account
SELECT COUNT(Id) total, MAX(Amount) biggest FROM Opportunity
SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName
SELECT StageName, SUM(Amount) s FROM Opportunity GROUP BY StageName HAVING SUM(Amount) > 10 ORDER BY SUM(Amount) DESC
SELECT COUNT_DISTINCT(AccountId) FROM Contact
SELECT CALENDAR_YEAR(CloseDate), SUM(Amount) FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)
SELECT Account.Name, Owner.Name FROM Contact
SELECT a.Name FROM Account a
SELECT a.Name FROM Account AS a
SELECT Id, (SELECT Id, Quantity FROM OpportunityLineItems) FROM Opportunity
SELECT Id, (SELECT Id FROM Contacts WHERE Email != null ORDER BY Name LIMIT 5) FROM Account
SELECT (SELECT Id FROM Contacts) FROM Account
SELECT TYPEOF What WHEN Account THEN Name ELSE Id END FROM Task
SELECT TYPEOF What WHEN Account THEN Name, Phone WHEN Opportunity THEN Amount END FROM Task
SELECT Id, TYPEOF Owner WHEN User THEN Email END FROM Account
SELECT What.Type FROM Task
SELECT FIELDS(ALL) FROM Account LIMIT 200
SELECT FIELDS(STANDARD) FROM Account
SELECT FIELDS(CUSTOM), Id FROM Account LIMIT 10
SELECT Id FROM Account ORDER BY Name
SELECT Id FROM Account ORDER BY Name DESC NULLS LAST, Id ASC
SELECT Id FROM Account ORDER BY Name NULLS FIRST LIMIT 10 OFFSET 20
SELECT Id FROM Account LIMIT 0
SELECT Id FROM Account FOR VIEW
SELECT Id FROM Account FOR REFERENCE
SELECT Id FROM Account FOR UPDATE
SELECT Id FROM Account USING SCOPE mine
SELECT Id FROM Account USING SCOPE Everything WHERE Name = 'x'
SELECT Id FROM Account WITH SECURITY_ENFORCED
SELECT Id FROM Account WITH USER_MODE
SELECT Id FROM Account WHERE Name = 'x' WITH SECURITY_ENFORCED ORDER BY Name
SELECT Id FROM Account ALL ROWS
SELECT Id FROM Account WHERE Name = 'O\\'Brien'
SELECT Id FROM Account WHERE Name = 'a\\\\b\\n\\r\\t\\"'
SELECT Id FROM Account WHERE Name LIKE '100\\%\\_%'
SELECT Id FROM Account WHERE Name = ''
SELECT Id FROM Account WHERE Name > ''
SELECT Id FORM Account
SELECT Id Name FROM Account
SELECT Id, FROM Account
SELECT FROM Account
SELECT Id FROM
SELECT Id
FROM Account
SELECT * FROM Account
SELECT Id FROM Account WHERE
SELECT Id FROM Account WHERE Name
SELECT Id FROM Account WHERE Name =
SELECT Id FROM Account WHERE Name = 'x
SELECT Id FROM Account WHERE Name = x'
SELECT Id FROM Account WHERE Name = "x"
SELECT Id FROM Account WHERE Name == 'x'
SELECT Id FROM Account WHERE Name = 'x' AND
SELECT Id FROM Account WHERE AND Name = 'x'
SELECT Id FROM Account WHERE (Name = 'x'
SELECT Id FROM Account WHERE Name = 'x')
SELECT Id FROM Account WHERE Name IN ()
SELECT Id FROM Account WHERE Name IN 'x'
SELECT Id FROM Account WHERE Name LIKE
SELECT Id FROM Account WHERE Name BETWEEN 'a' AND 'b'
SELECT Id FROM Account WHERE Name IS NULL
SELECT Id FROM Account ORDER Name
SELECT Id FROM Account ORDER BY
SELECT Id FROM Account LIMIT
SELECT Id FROM Account LIMIT x
SELECT Id FROM Account LIMIT -1
SELECT Id FROM Account LIMIT 5 ORDER BY Name
SELECT Id FROM Account ORDER BY Name WHERE Name = 'x'
SELECT Id FROM Account OFFSET 5 LIMIT 5
SELECT Id FROM Account GROUP Name
SELECT Name FROM Account HAVING COUNT(Id) > 1
SELECT Id FROM Account WHERE a = 1 AND b = 2 OR c = 3
SELECT Id FROM Account WHERE a = 1 OR b = 2 AND c = 3
SELECT Id FROM Account; DELETE FROM Account
SELECT Id FROM Account, Contact
SELECT Id FROM Account a, a.Contacts c
SELECT DISTINCT Name FROM Account
SELECT Id AS x FROM Account
SELECT TYPEOF What WHEN Account THEN END FROM Task
SELECT TYPEOF What END FROM Task
SELECT (SELECT Id FROM Contacts FROM Account
SELECT Id FROM Account WHERE Id IN (SELECT AccountId, Id FROM Contact)
UPDATE Account SET Name = 'x'
""".strip().splitlines()

_fields = st.sampled_from(
    ["Id", "Name", "Amount", "CreatedDate", "Account.Name", "Owner.Profile.Name", "ERP_Id__c", "P__r.X__c"]
)
_objects = st.sampled_from(["Account", "Contact", "Opportunity", "Order", "Thing__c"])
_texts = st.sampled_from(["'x'", "''", "'O\\'B'", "'a%'", "'ä ö'", "'\\\\'", "'a b'"])
_numbers = st.sampled_from(["0", "1", "-3", "1.5", "1000000"])
_instants = st.sampled_from(
    ["2026-05-06", "2026-05-06T11:56:44Z", "2026-05-06T11:56:44.000+0000", "2026-05-06T11:56:44+02:00"]
)
_words = st.sampled_from(["TODAY", "LAST_N_DAYS:3", "THIS_MONTH", "true", "FALSE", "null"])
_values = st.one_of(_texts, _numbers, _instants, _words)
_kind = st.sampled_from


def _joined(part: st.SearchStrategy[str], most: int, by: str = ", ") -> st.SearchStrategy[str]:
    return st.lists(part, min_size=1, max_size=most).map(by.join)


_lists = _joined(_texts, 3).map(lambda inner: f"({inner})")
_inner = st.builds(
    "(SELECT {} FROM {}{})".format, _kind(["Id", "AccountId"]), _objects, _kind(["", " WHERE Name = 'x'"])
)
_comparisons = st.one_of(
    st.builds("{} {} {}".format, _fields, _kind(["=", "!=", "<>", "<", "<=", ">", ">="]), _values),
    st.builds("{} {} {}".format, _fields, _kind(["LIKE", "like"]), _texts),
    st.builds("{} {} {}".format, _fields, _kind(["IN", "NOT IN", "not in", "INCLUDES", "EXCLUDES"]), _lists),
    st.builds("{} {} {}".format, _fields, _kind(["IN", "NOT IN"]), _inner),
)
_conditions = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        st.lists(inner.map(lambda part: f"({part})"), min_size=2, max_size=3).map(" AND ".join),
        st.lists(inner.map(lambda part: f"({part})"), min_size=2, max_size=3).map(" OR ".join),
        inner.map(lambda part: f"(NOT ({part}))"),
    ),
    max_leaves=4,
)
_aggregates = st.builds(
    "{}({}){}".format, _kind(["COUNT", "MAX", "min", "SUM", "AVG"]), _kind(["Id", "Amount"]), _kind(["", " total"])
)
_orders = _joined(
    st.builds("{}{}{}".format, _fields, _kind(["", " ASC", " desc"]), _kind(["", " NULLS LAST", " nulls first"])), 2
)
_where = st.one_of(st.just(""), _conditions.map(" WHERE {}".format))
_tails = st.builds(
    "{}{}{}{}".format,
    st.one_of(st.just(""), _orders.map(" ORDER BY {}".format)), _kind(["", " LIMIT 10"]), _kind(["", " OFFSET 5"]),
    _kind(["", "", "", " FOR VIEW", " FOR REFERENCE"]),
)  # fmt: skip
_children = st.builds(
    "(SELECT {} FROM {}{}{})".format,
    _joined(_fields, 2),
    _kind(["Contacts", "Lines__r"]),
    _where,
    _kind(["", " LIMIT 3"]),
)
_plain = st.builds(
    "SELECT {} FROM {}{}{}{}".format, _joined(st.one_of(_fields, _fields, _children), 3), _objects,
    _kind(["", "", " USING SCOPE mine"]), _where, _tails,
)  # fmt: skip
_grouped = st.builds(
    "SELECT Name, {} FROM {}{} GROUP BY Name{}".format, _joined(_aggregates, 2), _objects, _where,
    _kind(["", " HAVING COUNT(Id) > 1", " ORDER BY COUNT(Id) DESC"]),
)  # fmt: skip
STATEMENTS = st.one_of(_plain, _plain, _grouped)


@st.composite
def bent(draw: st.DrawFn) -> str:
    """A statement with one word left out, doubled, or exchanged with its neighbour: mostly wrong, sometimes not."""
    words = draw(STATEMENTS).split(" ")
    at = draw(st.integers(0, len(words) - 1))
    how = draw(st.sampled_from(["drop", "double", "swap"]))
    if how == "drop":
        words = words[:at] + words[at + 1 :]
    elif how == "double":
        words = words[: at + 1] + words[at:]
    else:
        words = words[:at] + words[at : at + 2][::-1] + words[at + 2 :]
    return " ".join(words)


def drawn() -> list[str]:
    """Statements of the grammar, right and bent; the same ones at every call."""
    found: dict[str, None] = {}

    @seed(2026)
    @settings(
        max_examples=DRAWN,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(STATEMENTS, bent()))
    def gather(text: str) -> None:
        found[text] = None

    gather()
    return list(found)


def main(folder: Path) -> None:
    """Asks the other parser, installed below ``folder``, and writes the corpus."""
    statements = list(dict.fromkeys([*PICKED, *drawn()]))
    script = folder / "ask.mjs"
    script.write_text(ASK)
    told = subprocess.run(["node", script], input=json.dumps(statements), capture_output=True, text=True, check=True)
    version = json.loads((folder / "node_modules" / PACKAGE / "package.json").read_text())["version"]
    accepted = [text for text, yes in zip(statements, json.loads(told.stdout), strict=True) if yes]
    refused = [text for text in statements if text not in set(accepted)]
    kept = {"source": f"npm {PACKAGE} {version} (MIT)", "accepted": accepted, "refused": refused}
    CORPUS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
