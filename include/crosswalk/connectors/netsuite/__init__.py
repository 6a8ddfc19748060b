"""NetSuite: SuiteQL for everything that is read, the REST record service for everything that is written.

auth.py        token-based authentication, OAuth 2.0 machine to machine
client.py      the calls
errors.py      vendor codes and texts → our errors
sources.py     where each canonical entity lives: tables, joins, keys
statements.py  SuiteQL text: selections, keyset pages
windows.py     the account's local time
values.py      text → typed values
watermark.py   how far a pull got
pull.py        changes since a watermark
bodies.py      flat values → JSON documents
deliver.py     writes → receipts
describe.py    what fields there are
preflight.py   what is missing before the first run
"""

from crosswalk.connectors.netsuite.connector import NetSuiteConnector, connect

__all__ = ["NetSuiteConnector", "connect"]
