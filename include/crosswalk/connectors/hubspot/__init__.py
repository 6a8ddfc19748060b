"""HubSpot: lists, searches and batches of 100 or 200, through hubspot-api-client on our transport.

auth.py        a token that stays, or OAuth with its refresh token
paths.py       numbered paths and their dated twins
client.py      the calls
pace.py        five searches a second, and what a window of ten seconds bears
errors.py      categories and codes → our errors
objects.py     what is known of each object: stamps, merges, association types
account.py     the account's zone, currencies, owners and stages
values.py      text → typed values, and back
rows.py        answers → native records: joined columns, merges, prices
watermark.py   how far a pull got
pull.py        changes since a watermark, and everything there is
associating.py which records go together, read and written
lifecycle.py   stages of life only go forward
sending.py     rows → batches → results
receipts.py    writes → requests; what became of each
deliver.py     writes → receipts
timeline.py    what happened in the ERP, shown on a record's timeline
describe.py    what properties there are
preflight.py   what is missing before the first run
setup.py       making the properties that are missing
"""

from crosswalk.connectors.hubspot.connector import NATIVES, HubSpotConnector, connect

__all__ = ["NATIVES", "HubSpotConnector", "connect"]
