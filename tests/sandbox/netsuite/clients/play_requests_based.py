"""PyPI ``netsuite-oauth-python``, ``restsuite`` and ``netsuite-client``: requests, each with habits of its own."""

import json
import sys

from netsuite_client import NetSuiteClient, NetSuiteError
from netsuite_oauth import NetsuiteOauth
from restsuite import NetSuiteQL, NetSuiteRest

access = json.load(sys.stdin)
account, label = access["account_id"], access["account_id"].lower().replace("_", "-")
secrets = [access[name] for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")]
rest = f"https://{label}.suitetalk.api.netsuite.com/services/rest"
restlet = f"https://{label}.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=customscript_echo&deploy=customdeploy_echo"


def oauth(url: str) -> NetsuiteOauth:
    return NetsuiteOauth(url, *secrets, account)


created = oauth(f"{rest}/record/v1/customer").post({"companyName": "Signed", "subsidiary": {"id": "1"}})
place = created.headers["Location"]
oauth(place).patch({"comments": "kept"})
comments = oauth(place).get(params={"fields": "comments"}).json()["comments"]
echo = oauth(restlet).request("GET", params={"a b": "c+d"}).json()
query = oauth(f"{rest}/query/v1/suiteql").post({"q": "SELECT COUNT(*) AS n FROM item"}, headers={"Prefer": "transient"})
gone = oauth(place).delete().status_code

suite = NetSuiteQL(label, *secrets)
suite.auth.client.realm = account
listed = suite.query(suite.url, "SELECT id, entityid FROM customer ORDER BY id").json()
record = NetSuiteRest(account, *secrets).request("GET", f"{rest}/record/v1/salesorder", params={"limit": 2}).json()

client = NetSuiteClient(account, label, *secrets, max_retries=0)
counted = client.get_suiteql_query("SELECT COUNT(*) AS n FROM customer")
page = client.get(f"{rest}/record/v1/inventoryItem", {"limit": 2, "q": "isInactive IS false"})
try:
    client.get_suiteql_query("SELECT id FROM customer LIMIT 5")
except NetSuiteError as error:
    refused = str(error)

print(json.dumps({
    "place": place, "comments": comments, "echo": echo, "n": query.json()["items"][0]["n"], "gone": gone,
    "listed": listed["count"], "type": record["items"][0]["links"][0]["href"].split("/")[-2],
    "counted": counted["items"][0]["n"], "page": page["count"], "refused": refused,
}))  # fmt: skip
