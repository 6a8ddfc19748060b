"""SAP Business One: the Service Layer's OData v4, one session for all threads of a process.

auth.py        the session: Login once, sliding time-out, Logout
client.py      the calls
odata.py       OData text: keys, literals, filters
pages.py       one page of a set: the question and what it brought
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
beside.py      what travels with a pull's first page
touched.py     what changed without a new stamp
bodies.py      flat values → JSON documents
targets.py     what updates must know of their records
find.py        records by their intents' keys
deliver.py     writes → receipts
creates.py     new partners and items
contacts.py    new rows of partners
orders.py      new orders
drafts.py      orders that wait for an approval
sending.py     creates in a batch, and what became of them
receipts.py    what became of a write
describe.py    what fields there are
fields.py      user fields: which we need, and making them
preflight.py   what is missing before the first run
choices.py     what a reference may be

Left out, since the platform page does not carry them. Webhooks (§14): a hint to poll at best, off until a super user switches them on, https
into our network, and header and handshake of their signature are not documented (§19); the pull finds all they tell, deletions by its
census. JSON batches (§9) and semantic views (§1, §12): not documented, or granted one by one on one database only. Stored SQL (§12): each
statement is a record that somebody must make first, in pages of 20, for what a snapshot in pages of 200 tells as well.
"""

from crosswalk.connectors.sap_business_one.connector import BusinessOneConnector, connect

__all__ = ["BusinessOneConnector", "connect"]
