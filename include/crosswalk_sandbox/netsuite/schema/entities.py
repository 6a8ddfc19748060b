"""REST record types of entities (NetSuite §12.1, §12.2)."""

from __future__ import annotations

from typing import Final

from crosswalk_sandbox.netsuite.schema.language import Field, RecordType, Sublist, fields

ADDRESS: Final = fields(
    "addr1 addr2 addr3 addressee addrPhone addrText attention city country:e(country) state zip override:b"
    " lastModifiedDate:dt!"
)

_CUSTOMER: Final = """
    accountNumber altEmail altName altPhone autoName:b~ balance:f!=balancesearch overdueBalance:f!=overduebalancesearch
    depositBalance:f!=depositbalancesearch unbilledOrders:f!=unbilledorderssearch daysOverdue:i!=daysoverduesearch
    consolBalance:f!=consolbalancesearch consolOverdueBalance:f!=consoloverduebalancesearch
    consolUnbilledOrders:f!=consolunbilledorderssearch consolDepositBalance:f!=consoldepositbalancesearch
    consolDaysOverdue:i!=consoldaysoverduesearch
    category:r(customerCategory) comments companyName contact:r(contact) creditHoldOverride:e(creditHold)
    creditLimit:f currency:r(currency) customForm:e(customForm)~ dateCreated:dt! email emailPreference:e(emailPreference)
    emailTransactions:b endDate:d entityId entityStatus:r(customerStatus) estimatedBudget:f externalId fax
    faxTransactions:b firstName firstOrderDate:d! firstSaleDate:d! giveAccess:b homePhone id:i! isBudgetApproved:b
    isInactive:b isPerson:b language:e(language) lastModifiedDate:dt! lastName lastOrderDate:d! lastSaleDate:d!
    leadSource:i middleName mobilePhone monthlyClosing:e(monthlyClosing) negativeNumberFormat:e(negativeNumberFormat)
    numberFormat:e(numberFormat) parent:r(customer) partner:r(partner) phone priceLevel:r(priceLevel) printOnCheckAs
    printTransactions:b receivablesAccount:r(account) reminderDays:i resaleNumber salesRep:r(employee) salutation
    searchStage! shipComplete:b shippingCarrier shippingItem:r(shipItem) startDate:d subsidiary:r(subsidiary)
    taxExempt:b taxItem:r(salesTaxItem) taxable:b terms:r(term) territory:i thirdPartyAcct thirdPartyCarrier title
    unsubscribe:b~ url vatRegNumber defaultAddress!~ defaultTaxReg~ globalSubscriptionStatus:e(subscriptionStatus)~
"""

_CONTACT: Final = """
    altEmail assistant:r(contact) assistantPhone category:m(contactCategory) comments company:r(customer)
    customForm:e(customForm)~ dateCreated:dt! email entityId externalId fax firstName
    globalSubscriptionStatus:e(subscriptionStatus)~ homePhone id:i! isInactive:b isPrivate:b lastModifiedDate:dt!
    lastName middleName mobilePhone officePhone owner:i phone salutation subsidiary:r(subsidiary)
    supervisor:r(contact) supervisorPhone title
"""

_EMPLOYEE: Final = """
    class:r(classification) comments currency:r(currency) dateCreated:dt! department:r(department) email entityId
    externalId firstName hireDate:d~=hiredate id:i! initials isInactive:b isSalesRep:b~ lastModifiedDate:dt!~ lastName
    location:r(location) middleName mobilePhone officePhone phone salutation subsidiary:r(subsidiary)
    supervisor:r(employee) title
"""

_VENDOR: Final = """
    companyName altName currency:r(currency) dateCreated:dt! email entityId externalId firstName id:i! isInactive:b
    isPerson:b lastModifiedDate:dt! lastName phone subsidiary:r(subsidiary)
"""


def _address_book(table_owner: str = "entity") -> Sublist:
    return Sublist(
        "addressBook",
        "customeraddressbook",
        table_owner,
        fields(
            "addressId!=internalid defaultBilling:b defaultShipping:b id:i=internalid internalId:i label isResidential:b"
        ),
        key=("internalid", "id"),
        number="internalid",
        subrecord=Field("addressBookAddress", "integer", "addressbookaddress"),
        order="internalid",
    )


_CUSTOMER_SUBLISTS: Final = (
    _address_book(),
    Sublist(
        "currencyList",
        "customercurrencybalance",
        "customer",
        fields("balance:f! overdueBalance:f! depositBalance:f! unbilledOrders:f! currency:r(currency) displaySymbol"),
        key=("currency",),
        number="currency",
    ),
    Sublist(
        "itemPricing",
        "customeritempricing",
        "customer",
        fields("item:r(item) level:r(priceLevel) price:f currency:r(currency)"),
        key=("item", "currency"),
    ),
    Sublist(
        "groupPricing",
        "customergrouppricing",
        "customer",
        fields("group:r(pricingGroup) level:r(priceLevel)"),
        key=("group",),
    ),
    Sublist(
        "salesTeam",
        "customersalesteam",
        "customer",
        fields("employee:r(employee) salesRole:i contribution:f isPrimary:b"),
        key=("employee",),
    ),
    Sublist(
        "contactRoles",
        "companycontactrelationship",
        "company",
        fields("contact:r(contact) role:r(contactRole)"),
        key=("contact",),
        number="contact",
    ),
    Sublist(
        "contactList",
        "companycontactrelationship",
        "company",
        fields("contact:r(contact) role:r(contactRole)"),
        number="contact",
        read_only=True,
    ),
)


def entity_types() -> list[RecordType]:
    """Customer, contact, employee, vendor and the customer's relation to subsidiaries."""
    return [
        RecordType(
            "customer",
            "customer",
            "entity",
            "Customer",
            "Customers",
            fields(_CUSTOMER),
            {sublist.name.lower(): sublist for sublist in _CUSTOMER_SUBLISTS},
            transforms=("cashSale", "customerPayment", "estimate", "invoice", "opportunity", "salesOrder", "vendor"),
            display="entity_name",
        ),
        RecordType(
            "contact",
            "contact",
            "entity",
            "Contact",
            "Contacts",
            fields(_CONTACT),
            {"addressbook": _address_book()},
            display="entityid",
        ),
        RecordType("employee", "employee", "entity", "Employee", "Employees", fields(_EMPLOYEE), display="entityid"),
        RecordType("vendor", "vendor", "entity", "Vendor", "Vendors", fields(_VENDOR), display="entityid"),
        RecordType(
            "customerSubsidiaryRelationship",
            "customersubsidiaryrelationship",
            "customersubsidiaryrelationship",
            "Customer-Subsidiary Relationship",
            "Customers",
            fields(
                "id:i! entity:r(customer) subsidiary:r(subsidiary) isPrimarySub:b primaryCurrency:r(currency)!"
                " balance:f! depositBalance:f! unbilledOrders:f! externalId isInactive:b lastModifiedDate:dt!"
            ),
            display="id",
        ),
    ]
