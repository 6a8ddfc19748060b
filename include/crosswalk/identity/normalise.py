"""How values are made comparable in SQL. The same expression serves exact rules and the search for twins."""

from __future__ import annotations

_LEGAL_FORMS = "incorporated|inc|corporation|corp|company|co|llc|llp|lp|limited|ltd|plc|gmbh|mbh|ag|kg|ohg|ug|se|sa|sas|sarl|srl|spa|bv|nv|ab|as|aps|oy|oyj|kk|pty|sl|slu|cie|und|and|et|the"


def plain(column: str) -> str:
    """Return an SQL expression: lower case, umlauts written out, everything but letters and digits removed."""
    folded = f"translate(replace(replace(replace(replace(lower({column}), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'), 'áàâãåéèêëíìîïóòôõøúùûçñý', 'aaaaaeeeeiiiiooooouuucny')"
    return f"regexp_replace({folded}, '[^[:alnum:]]+', '', 'g')"


def company_name(column: str) -> str:
    """Return an SQL expression: the name without its legal form ("B.V." as "BV"), folded like :func:`plain`."""
    spoken = rf"regexp_replace(replace(lower({column}), '.', ''), '\m({_LEGAL_FORMS})\M', ' ', 'g')"
    return f"nullif({plain(spoken)}, '')"
