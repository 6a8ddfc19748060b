"""Salesforce: REST, collections and Bulk API 2.0, on one transport.

auth.py       JSON web tokens, client credentials, or user and password
client.py     the calls
errors.py     vendor codes → our errors
soql.py       SOQL text: selections, lists of values, short enough for a URL
values.py     text → typed values, and back
bulk.py       query jobs
watermark.py  how far a pull got
pull.py       changes since a watermark, by REST or Bulk
versions.py   is the target what the plan saw?
locks.py      which records a write holds
sending.py    rows → collections → results
deliver.py    writes → receipts
describe.py   what fields there are
features.py   what the org has switched on
preflight.py  what is missing before the first run
setup.py      making the fields that are missing
"""

from crosswalk.connectors.salesforce.connector import NATIVES, SalesforceConnector, connect

__all__ = ["NATIVES", "SalesforceConnector", "connect"]
