"""Customers are found by the beginnings of words; indexes for what the overview asks each time it is opened.

Full text search of Postgres itself, so that no extension has to be allowed. ``Müller`` is found as Müller, Muller and Mueller.
"""

from __future__ import annotations

from alembic import op

from crosswalk.hub.migrations.statements import execute_all

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MARKED = "àáâãåāăąçćĉċčďđèéêëēĕėęěĝğġģĥìíîïĩīĭįıĵķĺļľłñńņňòóôõōŏőŕŗřśŝşšșţťțùúûũūŭůűųŵýÿŷźżžäöüø"
_PLAIN = "aaaaaaaacccccddeeeeeeeeegggghiiiiiiiiijkllllnnnnooooooorrrssssstttuuuuuuuuuwyyyzzzaouo"
_POINTS = ".,:-_/@&+<>"  # what Postgres's parser would take for parts of hosts, addresses, signs, entities and tags

# Each is one expression of Postgres's own functions, which Postgres puts in place of the call; names in plain letters skip the costly
# half. Together that is some 20 microseconds for a customer that lands.
_FUNCTIONS = (
    f"""
    CREATE FUNCTION hub.parted(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT {"replace(" * len(_POINTS)}lower(words){"".join(f", '{point}', ' ')" for point in _POINTS)}
    $$
    """,
    f"""
    CREATE FUNCTION hub.folded(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN octet_length(words) = char_length(words) THEN words
                    ELSE translate(replace(replace(lower(normalize(words, NFKC)), 'ß', 'ss'), 'æ', 'ae'), '{_MARKED}', '{_PLAIN}') END
    $$
    """,
    """
    CREATE FUNCTION hub.spelt_out(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN octet_length(words) = char_length(words) THEN ''
                    ELSE replace(replace(replace(replace(replace(replace(lower(normalize(words, NFKC)),
                             'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ø', 'oe'), 'å', 'aa'), 'ß', 'ss') END
    $$
    """,
    """
    CREATE FUNCTION hub.search_words(name text, number text, website text, email text)
    RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT to_tsvector('pg_catalog.simple'::regconfig, hub.parted(
                   coalesce(hub.folded(name) || ' ' || hub.spelt_out(name), '') || ' ' || coalesce(number, '') || ' '
                   || coalesce(website, '') || ' ' || coalesce(email, '')))
    $$
    """,
    """
    CREATE FUNCTION hub.search_query(asked text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT to_tsquery('pg_catalog.simple'::regconfig,
                   string_agg('(''' || hub.folded(word) || ''':*' || coalesce(' | ''' || nullif(hub.spelt_out(word), '') || ''':*', '') || ')', ' & '))
          FROM unnest(regexp_split_to_array(translate(hub.parted(asked), '''\\', '  '), '\\s+')) AS t (word)
         WHERE word <> ''
    $$
    """,
)

_UP = (
    *_FUNCTIONS,
    "CREATE INDEX ix_customer_search ON hub.customer USING gin (hub.search_words(name, number, website, email))",
    "CREATE INDEX ix_customer_number ON hub.customer (number) WHERE number IS NOT NULL",
    "CREATE INDEX ix_intent_finished ON hub.intent (pairing, flow, finished_at) WHERE status = 'done'",
    "CREATE INDEX ix_run_phase ON hub.run (pairing, phase, started_at)",
)
_DOWN = (
    "DROP INDEX hub.ix_run_phase",
    "DROP INDEX hub.ix_intent_finished",
    "DROP INDEX hub.ix_customer_number",
    "DROP INDEX hub.ix_customer_search",
    "DROP FUNCTION hub.search_query(text)",
    "DROP FUNCTION hub.search_words(text, text, text, text)",
    "DROP FUNCTION hub.spelt_out(text)",
    "DROP FUNCTION hub.folded(text)",
    "DROP FUNCTION hub.parted(text)",
)


def upgrade() -> None:
    """Create the functions and indexes."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement.replace("%", "%%"))


def downgrade() -> None:
    """Drop them; nothing is lost."""
    execute_all(_DOWN)
