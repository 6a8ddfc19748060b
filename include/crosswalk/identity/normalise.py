"""How values are made comparable in SQL. The same expression serves exact rules and the search for twins."""

from __future__ import annotations

_LEGAL_FORMS = "incorporated|inc|corporation|corp|company|co|llc|llp|lp|limited|ltd|plc|gmbh|mbh|ag|kg|ohg|ug|se|sa|sas|sarl|srl|spa|bv|nv|ab|as|aps|oy|oyj|kk|pty|sl|slu|cie|und|and|et|the"


def plain(column: str) -> str:
    """Return an SQL expression: lower case, umlauts written out, everything but letters and digits removed."""
    return _letters(f"lower({column})", column)


def company_name(column: str) -> str:
    """Return an SQL expression: the name without its legal form ("B.V." as "BV"), folded like :func:`plain`."""
    spoken = rf"regexp_replace(replace(lower({column}), '.', ''), '\m({_LEGAL_FORMS})\M', ' ', 'g')"
    return f"nullif({_letters(spoken, column)}, '')"


def _letters(lowered: str, column: str) -> str:
    """Fold ``lowered``, which was made of ``column``: only where that has more than ASCII, since looking for accents is a third of the time."""
    folded = f"translate(replace(replace(replace(replace({lowered}, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'), 'áàâãåéèêëíìîïóòôõøúùûçñý', 'aaaaaeeeeiiiiooooouuucny')"
    within = f"case when octet_length({column}) = length({column}) then {lowered} else {folded} end"
    return f"regexp_replace({within}, '[^[:alnum:]]+', '', 'g')"
