"""SuiteQL over SQLite (NetSuite §6): parsed and translated by sqlglot, run on the account's tables."""
