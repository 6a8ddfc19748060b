"""SAP Business One: the Service Layer's OData v4, one session for all threads of a process.

auth.py        the session: Login once, sliding time-out, Logout
client.py      the calls
odata.py       OData text: keys, literals, filters
batch.py       several requests in one
errors.py      vendor codes → our errors
sources.py     where each canonical entity lives: set, key, stamp, rows
rows.py        a body → rows, a row → values by native path
values.py      JSON → typed values
clock.py       what the server says its local time is
lookups.py     small tables that rows name by number
watermark.py   how far a pull got
reading.py     pages of one selection → records
fetch.py       records by their keys
pull.py        changes since a watermark, and the census
touched.py     what changed without a new stamp
bodies.py      flat values → JSON documents
targets.py     what updates must know of their records
drafts.py      orders that wait for an approval
find.py        records by their intents' keys
deliver.py     writes → receipts
describe.py    what fields there are
fields.py      user fields: which we need, and making them
preflight.py   what is missing before the first run
choices.py     what a reference may be
"""

from crosswalk.connectors.sap_business_one.connector import BusinessOneConnector, connect

__all__ = ["BusinessOneConnector", "connect"]
