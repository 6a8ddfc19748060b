"""Plays with python-odata, which makes its classes from the service's metadata alone."""

import json
import sys

import requests
from odata import ODataService

access = json.load(sys.stdin)
session = requests.Session()
login = {"CompanyDB": access["company_db"], "UserName": access["user_name"], "Password": access["password"]}
session.post(access["service_root"] + "Login", json=login, timeout=20).raise_for_status()
service = ODataService(access["service_root"], session=session, reflect_entities=True)
told = {"sets": len(service.entities)}

Partner, Order = service.entities["BusinessPartners"], service.entities["Orders"]
query = service.query(Partner)
first = query.filter(Partner.CardCode == "1000").first()
told["read"] = (first.CardCode, bool(first.CardName), str(first.CardType).rpartition(".")[2])
told["orders"] = sum(1 for _ in service.query(Order).filter(Order.CardCode == "1000"))
first.Fax = "123"
service.save(first)
told["changed"] = service.query(Partner).get("1000").Fax
print(json.dumps(told))
