"""The local runtime: Postgres, the sandbox and Airflow on one machine, kept alive by supervisor.

`settings` says what is wanted, `layout` where things lie, `components` which processes there are, `supervision` keeps
them, `system` brings everything up and down. Docs: docs/operations.md.
"""
