"""The hub in Postgres: tables, landing, links, plans, intents, ledger, quarantine."""
