"""The SuiteQL tables of the account (NetSuite §7), with the columns of the contract lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from crosswalk_sandbox.netsuite.schema.language import Column, Table, columns

_ADDRESS: Final = (
    "nkey:i addr1 addr2 addr3 addressee addrphone addrtext attention city country:e(country) state zip"
    " override:b lastmodifieddate:dt recordowner:i"
)
_LINE_LINK: Final = (
    "previousdoc:r(transaction) previousline:i previoustype previousdate:d nextdoc:r(transaction) nextline:i nexttype"
    " nextdate:d linktype foreignamount:f discount:b lastmodifieddate:dt"
)
_STAMPED: Final = "lastmodifieddate:dt externalid isinactive:b"

_WORDS: Final[Mapping[str, str]] = {
    "customer": """
        id:i entityid entitynumber:i altname companyname isperson:b salutation firstname middlename lastname title
        entitytitle fullname email altemail phone altphone mobilephone homephone fax url comments accountnumber
        category:r(customerCategory) entitystatus:r(customerStatus) searchstage stage probability:f
        subsidiary:r(subsidiary) currency:r(currency) pricelevel:r(priceLevel) terms:r(term) creditlimit:f
        creditholdoverride:e(creditHold) salesrep:r(employee) parent:r(customer) toplevelparent:r(customer)
        taxitem:r(salesTaxItem) taxable:b taxexempt:b externalid isinactive:b datecreated:dt lastmodifieddate:dt
        defaultbillingaddress:r(address) defaultshippingaddress:r(address) receivablesaccount:r(account)
        firstorderdate:d lastorderdate:d firstsaledate:d lastsaledate:d startdate:d enddate:d language:e(language)
        partner:r(partner) territory:i leadsource:i shippingitem:r(shipItem) shipcomplete:b resalenumber vatregnumber
        emailpreference:e(emailPreference) emailtransactions:b faxtransactions:b printtransactions:b
        monthlyclosing:e(monthlyClosing) giveaccess:b isjob:b isbudgetapproved:b reminderdays:i contact:r(contact)
        dateconversion:d dateclosed:dt numberformat:e(numberFormat) negativenumberformat:e(negativeNumberFormat)
        printoncheckas thirdpartyacct thirdpartycarrier shippingcarrier weblead:b
        estimatedbudget:f salesreadiness:i buyingreason:i buyingtimeframe:i keywords referrer
        oncredithold:b balancesearch:f overduebalancesearch:f unbilledorderssearch:f depositbalancesearch:f
        daysoverduesearch:i consolbalancesearch:f consoloverduebalancesearch:f consolunbilledorderssearch:f
        consoldepositbalancesearch:f consoldaysoverduesearch:i""",
    "contact": """
        id:i entityid firstname middlename lastname salutation title email altemail phone mobilephone officephone
        homephone fax company:r(customer) subsidiary:r(subsidiary) category:m(contactCategory) comments isprivate:b
        owner:i supervisor:r(contact) supervisorphone assistant:r(contact) assistantphone isinactive:b externalid
        datecreated:dt lastmodifieddate:dt defaultbillingaddress:r(address) defaultshippingaddress:r(address)""",
    "companycontactrelationship": "company:r(customer) contact:r(contact) role:r(contactRole)",
    "employee": """
        id:i entityid firstname middlename lastname salutation title email phone mobilephone officephone
        subsidiary:r(subsidiary) department:r(department) location:r(location) class:r(classification)
        supervisor:r(employee) currency:r(currency) issalesrep:b isinactive:b externalid datecreated:dt
        lastmodifieddate:dt hiredate:d initials comments""",
    "vendor": """
        id:i entityid companyname altname isperson:b firstname lastname email phone subsidiary:r(subsidiary)
        currency:r(currency) category:i isinactive:b externalid datecreated:dt lastmodifieddate:dt""",
    "customersubsidiaryrelationship": """
        id:i entity:r(customer) subsidiary:r(subsidiary) isprimarysub:b primarycurrency:r(currency) balance:f
        depositbalance:f unbilledorders:f externalid isinactive:b lastmodifieddate:dt""",
    "customeraddressbook": """
        entity:r(customer) internalid:i label defaultbilling:b defaultshipping:b isresidential:b
        addressbookaddress:i addressid:s""",
    "customercurrencybalance": """
        customer:r(customer) currency:r(currency) balance:f overduebalance:f depositbalance:f unbilledorders:f""",
    "customeritempricing": "customer:r(customer) item:r(item) level:r(priceLevel) price:f currency:r(currency)",
    "customergrouppricing": "customer:r(customer) group:r(pricingGroup) level:r(priceLevel)",
    "customersalesteam": "customer:r(customer) employee:r(employee) salesrole:i contribution:f isprimary:b",
    "item": """
        id:i itemid fullname displayname itemtype:e(itemType) subtype description:s purchasedescription
        storedescription storedisplayname parent:r(item) matrixtype isinactive:b cost:f averagecost:f lastpurchaseprice:f
        pricinggroup:r(pricingGroup) quantitypricingschedule:i overallquantitypricingtype:e(quantityPricingType)
        usemarginalrates:b unitstype:r(unitsType) saleunit:r(unitsTypeUnit) stockunit:r(unitsTypeUnit)
        purchaseunit:r(unitsTypeUnit) subsidiary:m(subsidiary) includechildren:b class:r(classification)
        department:r(department) location:r(location) preferredlocation:r(location) upccode mpn manufacturer
        vendorname weight:f weightunit:e(weightUnit) incomeaccount:r(account) cogsaccount:r(account)
        assetaccount:r(account) expenseaccount:r(account) taxschedule:r(taxSchedule) salestaxcode:r(salesTaxItem)
        costingmethod:e(costingMethod) minimumquantity:i isserialitem:b islotitem:b isonline:b isfulfillable:b
        dontshowprice:b pricesincludetax:b totalquantityonhand:f totalvalue:f externalid createddate:dt
        lastmodifieddate:dt isdropshipitem:b isspecialorderitem:b countryofmanufacture:e(country)""",
    "itemsubsidiarymap": "item:r(item) subsidiary:r(subsidiary)",
    "itemmember": "parentitem:r(item) item:r(item) quantity:f linenumber:i memberunit memberdescr",
    "pricing": """
        internalid:i item:r(item) pricelevel:r(priceLevel) currency:r(currency) quantity:f minimumquantity:f
        maximumquantity:f quantityrange saleunit unitprice:f customer:r(customer)""",
    "itemprice": "item:r(item) pricelevel:r(priceLevel) pricelevelname price:f discountdisplay:f isinactive:b",
    "pricelevel": "id:i name discountpct:f isonline:b updateexistingprices:b " + _STAMPED,
    "pricinggroup": "id:i name " + _STAMPED,
    "inventoryitemlocations": """
        item:r(item) location:r(location) quantityavailable:f quantityonhand:f quantitycommitted:f
        quantitybackordered:f quantityonorder:f quantityintransit:f averagecostmli:f lastpurchasepricemli:f
        onhandvaluemli:f reorderpoint:f preferredstocklevel:f safetystocklevel:f leadtime:i
        lastquantityavailablechange:dt costaccountingstatus""",
    "inventorybalance": """
        item:r(item) location:r(location) binnumber:i inventorynumber:i inventorystatus:i quantityonhand:f
        quantityavailable:f""",
    "location": """
        id:i name fullname parent:r(location) subsidiary:r(subsidiary) makeinventoryavailable:b mainaddress:r(address)
        returnaddress:r(address) locationtype:e(locationType) tranprefix includechildren:b """
    + _STAMPED,
    "transaction": """
        id:i type:e(transactionType) recordtype abbrevtype tranid transactionnumber number:s trandisplayname
        typebaseddocumentnumber trandate:d duedate:d shipdate:d startdate:d enddate:d actualshipdate:d entity:r(entity)
        status:e(transactionStatus) approvalstatus:r(approvalStatus) currency:r(currency) exchangerate:f foreigntotal:f
        foreignamountpaid:f foreignamountunpaid:f taxtotal:f otherrefnum memo email externalid createddate:dt
        lastmodifieddate:dt createdby:r(employee) lastmodifiedby:r(employee) closedate:d shippingaddress:r(address)
        billingaddress:r(address) posting:b postingperiod:r(accountingPeriod) void:b voided:b terms:r(term)
        employee:r(employee) partner:r(partner) linkedtrackingnumberlist billingstatus:b shipcomplete:b shipcarrier
        opportunity:r(opportunity) paymentoption:i source visibletocustomer:b isreversal:b daysopen:i
        daysoverduesearch:i title expectedclosedate:d probability:f entitystatus:r(customerStatus) nexus:i customtype:i
        customform:i""",
    "transactionline": """
        id:i transaction:r(transaction) uniquekey:i linesequencenumber:i mainline:b taxline:b iscogs:b item:r(item)
        itemtype:e(itemType) entity:r(entity) quantity:f rate:f price:r(priceLevel) foreignamount:f netamount:f
        units:s location:r(location) subsidiary:r(subsidiary) department:r(department) class:r(classification)
        createdfrom:r(transaction) quantityshiprecv:f quantitybilled:f quantitypicked:f quantitypacked:f
        quantitybackordered:f quantitycommitted:f isclosed:b isfullyshipped:b kitcomponent:b assemblycomponent:b
        kitmemberof:i memo linelastmodifieddate:dt shipmethod:r(shipItem) taxamount:f taxcode:r(salesTaxItem)
        taxrate1:f expectedshipdate:d commitinventory:e(commitInventory) isbillable:b fulfillable:b
        hasfulfillableitems:b isinventoryaffecting:b donotdisplayline:b transactiondiscount:b accountinglinetype
        foreignamountpaid:f foreignamountunpaid:f costestimate:f""",
    "transactionaccountingline": """
        transaction:r(transaction) transactionline:i account:r(account) accountingbook:i amount:f netamount:f debit:f
        credit:f amountpaid:f amountunpaid:f exchangerate:f posting:b lastmodifieddate:dt""",
    "nexttransactionlinelink": _LINE_LINK,
    "previoustransactionlinelink": _LINE_LINK,
    "nexttransactionlink": _LINE_LINK,
    "previoustransactionlink": _LINE_LINK,
    "transactionshipment": "transaction:r(transaction) shipmethod:r(shipItem) weight:f packagecount:i",
    "trackingnumber": "id:i trackingnumber",
    "trackingnumbermap": "transaction:r(transaction) trackingnumber:r(trackingNumber)",
    "customeraddressbookentityaddress": _ADDRESS,
    "contactaddressbookentityaddress": _ADDRESS,
    "entityaddress": _ADDRESS,
    "locationmainaddress": _ADDRESS,
    "subsidiarymainaddress": _ADDRESS,
    "transactionshippingaddress": _ADDRESS,
    "transactionbillingaddress": _ADDRESS,
    "currency": "id:i name symbol displaysymbol exchangerate:f isbasecurrency:b currencyprecision:i " + _STAMPED,
    "currencyrate": "id:i basecurrency:r(currency) transactioncurrency:r(currency) exchangerate:f effectivedate:d"
    " lastmodifieddate:dt",
    "consolidatedexchangerate": """
        id:i postingperiod:r(accountingPeriod) fromcurrency:r(currency) fromsubsidiary:r(subsidiary)
        tocurrency:r(currency) tosubsidiary:r(subsidiary) currentrate:f averagerate:f historicalrate:f
        accountingbook:i""",
    "subsidiary": """
        id:i name fullname legalname parent:r(subsidiary) currency:r(currency) country:e(country) state email url
        iselimination:b mainaddress:r(address) shippingaddress:r(address) returnaddress:r(address) edition """
    + _STAMPED,
    "term": "id:i name daysuntilnetdue:i discountpercent:f daysuntilexpiry:i datedriven:b preferred:b " + _STAMPED,
    "shipitem": "id:i itemid displayname description account:r(account) " + _STAMPED,
    "department": "id:i name fullname parent:r(department) subsidiary:m(subsidiary) includechildren:b " + _STAMPED,
    "classification": "id:i name fullname parent:r(classification) subsidiary:m(subsidiary) includechildren:b "
    + _STAMPED,
    "customercategory": "id:i name " + _STAMPED,
    "customerstatus": "id:i name stage:s probability:f includeinleadreports:b " + _STAMPED,
    "contactrole": "id:i name " + _STAMPED,
    "salestaxitem": """
        id:i itemid fullname description rate:f taxtype:r(taxType) country:e(country) available:s
        subsidiary:m(subsidiary) taxagency:i """
    + _STAMPED,
    "taxtype": "id:i name description country:e(country) " + _STAMPED,
    "taxschedule": "id:i name description " + _STAMPED,
    "unitstype": "id:i name " + _STAMPED,
    "unitstypeuom": "internalid:i unitstype:r(unitsType) unitname abbreviation pluralname conversionrate:f baseunit:b",
    "account": "id:i acctnumber accttype fullname accountsearchdisplaynamecopy description parent:r(account)"
    " currency:r(currency) subsidiary:m(subsidiary) eliminate:b " + _STAMPED,
    "accountingperiod": """
        id:i periodname startdate:d enddate:d closed:b closedondate:dt alllocked:b arlocked:b aplocked:b isquarter:b
        isyear:b isadjust:b isposting:b parent:r(accountingPeriod) lastmodifieddate:dt""",
    "deletedrecord": """
        recordid:i type:s name deleteddate:dt deletedby:r(employee) recordtypeid:i scriptid context iscustomrecord:b
        iscustomlist:b iscustomtransaction:b""",
    "deletedtransaction": "transaction:i type name deleteddate:dt deletedby:r(employee)",
    "systemnote": """
        id:i record:s recordid:i recordtypeid:i field oldvalue newvalue type:i date:dt name:r(employee) context
        role:i""",
    "entity": "id:i entityid entitytitle altname type:s isperson:b isinactive:b email phone parent:i"
    " customer:i contact:i employee:i vendor:i externalid datecreated:dt lastmodifieddate:dt",
    "paymentmethod": "id:i name " + _STAMPED,
}

# The SQLite table behind a SuiteQL table, where it is not the same.
_SOURCES: Final[Mapping[str, str]] = {
    "customeraddressbookentityaddress": "address",
    "contactaddressbookentityaddress": "address",
    "entityaddress": "address",
    "locationmainaddress": "address",
    "subsidiarymainaddress": "address",
    "transactionshippingaddress": "address",
    "transactionbillingaddress": "address",
    "nexttransactionlinelink": "transactionlink",
    "previoustransactionlinelink": "transactionlink",
    "nexttransactionlink": "transactionlink",
    "previoustransactionlink": "transactionlink",
    "aggregateitemlocation": "inventoryitemlocations",
    "pricingwithcustomers": "pricing",
}
_SAME_COLUMNS: Final = {"aggregateitemlocation": "inventoryitemlocations", "pricingwithcustomers": "pricing"}

# What is worked out when it is read, because a later document or the passing of time changes it (NetSuite §8).
_UNPAID: Final = (
    "(SELECT COALESCE(SUM(ROUND(d.foreignamountunpaid * {sign} * rate_between(d.currency, {{t}}.currency), 2)), 0)"
    " FROM \"transaction\" d WHERE d.entity = {{t}}.id AND d.type = '{type}' AND d.status = '{status}'{more})"
)
_BALANCE: Final = "({} + {} + {})".format(
    _UNPAID.format(sign=1, type="CustInvc", status="A", more=""),
    _UNPAID.format(sign=-1, type="CustCred", status="A", more=""),
    "(SELECT COALESCE(SUM(-ROUND(d.unapplied * rate_between(d.currency, {{t}}.currency), 2)), 0)"
    " FROM \"transaction\" d WHERE d.entity = {{t}}.id AND d.type = 'CustPymt' AND d.unapplied > 0)",
)
_OVERDUE: Final = _UNPAID.format(sign=1, type="CustInvc", status="A", more=" AND d.duedate < account_today()")
_DAYS: Final = (
    '(SELECT CAST(MAX(julianday(account_today()) - julianday(d.duedate)) AS INTEGER) FROM "transaction" d'
    " WHERE d.entity = {{t}}.id AND d.type = 'CustInvc' AND d.status = 'A' AND d.duedate < account_today())"
)
_UNBILLED: Final = (
    "(SELECT COALESCE(SUM(ROUND(d.unbilledamount * rate_between(d.currency, {{t}}.currency), 2)), 0)"
    " FROM \"transaction\" d WHERE d.entity = {{t}}.id AND d.type = 'SalesOrd'"
    " AND d.status IN ('B', 'D', 'E', 'F'))"
)
_HOLD: Final = (
    "(CASE WHEN {t}.creditholdoverride = 'ON' THEN 'T' WHEN {t}.creditholdoverride = 'OFF' THEN 'F'"
    " WHEN {t}.creditlimit IS NOT NULL AND {t}.creditlimit < " + _BALANCE.replace("{{t}}", "{t}") + " THEN 'T'"
    " ELSE 'F' END)"
)


def _single(sql: str) -> str:
    return sql.replace("{{t}}", "{t}")


COMPUTED: Final[Mapping[str, Mapping[str, str]]] = {
    "customer": {
        "balancesearch": _single(_BALANCE),
        "consolbalancesearch": _single(_BALANCE),
        "overduebalancesearch": _single(_OVERDUE),
        "consoloverduebalancesearch": _single(_OVERDUE),
        "unbilledorderssearch": _single(_UNBILLED),
        "consolunbilledorderssearch": _single(_UNBILLED),
        "depositbalancesearch": "0",
        "consoldepositbalancesearch": "0",
        "daysoverduesearch": _single(_DAYS),
        "consoldaysoverduesearch": _single(_DAYS),
        "oncredithold": _HOLD,
    },
    "transaction": {
        "recordtype": "lower({t}.restype)",
        "daysopen": "CASE WHEN {t}.foreignamountunpaid > 0"
        " THEN CAST(julianday(account_today()) - julianday({t}.trandate) AS INTEGER) END",
        "daysoverduesearch": "CASE WHEN {t}.foreignamountunpaid > 0 AND {t}.duedate < account_today()"
        " THEN CAST(julianday(account_today()) - julianday({t}.duedate) AS INTEGER) END",
        "billingstatus": "CASE WHEN {t}.type = 'SalesOrd' THEN CASE WHEN {t}.status = 'G' THEN 'T' ELSE 'F' END END",
    },
    "item": {
        "totalquantityonhand": "(SELECT SUM(q.quantityonhand) FROM inventoryitemlocations q WHERE q.item = {t}.id)",
    },
    "inventoryitemlocations": {
        "onhandvaluemli": "ROUND({t}.quantityonhand * {t}.averagecostmli, 2)",
    },
    "customersubsidiaryrelationship": {
        "balance": '(SELECT COALESCE(SUM(d.foreignamountunpaid), 0) FROM "transaction" d WHERE d.entity = {t}.entity'
        " AND d.type = 'CustInvc' AND d.status = 'A' AND d.subsidiary = {t}.subsidiary)",
        "depositbalance": "0",
        "unbilledorders": '(SELECT COALESCE(SUM(d.unbilledamount), 0) FROM "transaction" d WHERE d.entity = {t}.entity'
        " AND d.type = 'SalesOrd' AND d.status IN ('B', 'D', 'E', 'F') AND d.subsidiary = {t}.subsidiary)",
    },
    "customercurrencybalance": {
        "balance": '(SELECT COALESCE(SUM(d.foreignamountunpaid), 0) FROM "transaction" d'
        " WHERE d.entity = {t}.customer AND d.type = 'CustInvc' AND d.status = 'A' AND d.currency = {t}.currency)",
        "overduebalance": '(SELECT COALESCE(SUM(d.foreignamountunpaid), 0) FROM "transaction" d'
        " WHERE d.entity = {t}.customer AND d.type = 'CustInvc' AND d.status = 'A' AND d.currency = {t}.currency"
        " AND d.duedate < account_today())",
        "depositbalance": "0",
        "unbilledorders": '(SELECT COALESCE(SUM(d.unbilledamount), 0) FROM "transaction" d'
        " WHERE d.entity = {t}.customer AND d.type = 'SalesOrd' AND d.status IN ('B', 'D', 'E', 'F')"
        " AND d.currency = {t}.currency)",
    },
}

_PERMISSIONS: Final[Mapping[str, str]] = {
    "customer": "Customers",
    "customeraddressbook": "Customers",
    "customeraddressbookentityaddress": "Customers",
    "contact": "Contacts",
    "employee": "Employees",
    "item": "Items",
    "pricing": "Items",
    "inventoryitemlocations": "Items",
    "transaction": "Transactions",
    "transactionline": "Transactions",
    "deletedrecord": "Deleted Records",
    "deletedtransaction": "Deleted Records",
}


def _table(name: str, found: dict[str, Column]) -> Table:
    source = _SOURCES.get(name, name)
    computed = COMPUTED.get(source, {})
    full = {key: replace(column, sql=computed.get(key)) for key, column in found.items()}
    return Table(name, source, full, _PERMISSIONS.get(name))


def suiteql_tables() -> dict[str, Table]:
    """Every table SuiteQL can name, by lower-case name."""
    found = {name: _table(name, columns(words)) for name, words in _WORDS.items()}
    for name, same in _SAME_COLUMNS.items():
        found[name] = _table(name, dict(found[same].columns))
    return found
