"""REST record types of transactions (NetSuite §12.4, §12.5)."""

from __future__ import annotations

from typing import Final

from crosswalk_sandbox.netsuite.schema.language import Field, RecordType, Sublist, fields

_HEAD: Final = """
    class:r(classification) createdDate:dt! createdFrom:r(transaction)! currency:r(currency) customForm:e(customForm)~
    department:r(department) email exchangeRate:f externalId id:i! lastModifiedDate:dt! location:r(location) memo
    refName!~=trandisplayname subsidiary:r(subsidiary) tranDate:d tranId transactionNumber! total:f!=foreigntotal
"""
_SOLD: Final = """
    entity:r(customer) discountItem:r(discountItem) discountRate:f discountTotal:f! handlingCost:f
    shippingCost:f altShippingCost:f!=shippingcost opportunity:r(opportunity) otherRefNum partner:r(partner)
    salesRep:r(employee)=employee shipDate:d shipMethod:r(shipItem) shippingAddress_text!~ billingAddress_text!~
    billAddressList:r(addressBook)~ shipAddressList:r(addressBook)~ source! startDate:d endDate:d
    status:e(transactionStatus)! subtotal:f! taxTotal:f! taxDetailsOverride:b taxItem:r(salesTaxItem) terms:r(term)
    toBeEmailed:b~ toBePrinted:b~ isTaxable:b~ taxRate:f! message~
"""
_POSTED: Final = " postingPeriod:r(accountingPeriod) account:r(account) approvalStatus:r(approvalStatus)"
_ORDER: Final = """
    orderStatus:e(orderStatus)=status shipComplete:b intercoStatus:e(intercoStatus)~ linkedTrackingNumbers!=linkedtrackingnumberlist
    actualShipDate:d! canBeUnapproved:b!~ dueDate:d! estGrossProfit:f!
"""
_INVOICE: Final = """
    dueDate:d amountPaid:f!=foreignamountpaid amountRemaining:f!=foreignamountunpaid
    amountRemainingTotalBox:f!=foreignamountunpaid linkedTrackingNumbers!=linkedtrackingnumberlist
"""
_ESTIMATE: Final = " dueDate:d expectedCloseDate:d probability:f title entityStatus:r(customerStatus)"
_PAYMENT: Final = """
    customer:r(customer)=entity payment:f applied:f! unapplied:f! pending:f! balance:f! arAcct:r(account)=aracct
    undepFunds:b paymentOption:i~ paymentMethod:r(paymentMethod) checkNumber autoApply:b status:e(transactionStatus)!
    toBeEmailed:b~
"""
_FULFILMENT: Final = """
    entity:r(customer)! orderId:i!=createdfrom orderType!~ packedDate:d pickedDate:d shippedDate:d
    shipStatus:e(shipStatus)=status status:e(transactionStatus)! shipMethod:r(shipItem) shippingCost:f shipCarrier
    shippingAddress_text!~ shipAddressList:r(addressBook)~ createdFromShipGroup:i~ shipCompany shipPhone
"""

_LINE: Final = """
    line:i=id item:r(item) quantity:f- units:s price:r(priceLevel) rate:f amount:f-=foreignamount description=memo
    location:r(location) department:r(department) class:r(classification) taxCode:r(salesTaxItem) taxRate1:f
    tax1Amt:f=taxamount grossAmt:f isClosed:b expectedShipDate:d commitInventory:e(commitInventory)
    taxDetailsReference options lineUniqueKey:i!=uniquekey itemType:e(itemType)! itemSubtype!=itemsubtype
    quantityFulfilled:f!=quantityshiprecv quantityBilled:f! quantityCommitted:f! quantityBackOrdered:f!
    quantityAvailable:f! quantityPicked:f! quantityPacked:f! orderLine:i=orderline orderDoc:r(transaction)!=orderdoc
    costEstimate:f isEstimate:b~ linked:b!~ createdPo:i!~ marginal:b!~ isOpen:b!~ printItems:b~
"""
_SHIPPED_LINE: Final = """
    line:i=id orderLine:i=orderline item:r(item)! itemName! description!=memo quantity:f- quantityRemaining:f!
    location:r(location) itemReceive:b itemType:e(itemType)! itemSubtype!=itemsubtype units:s! onHand:f!
    kitMemberOf:i!=kitmemberof orderDoc:r(transaction)!=orderdoc rate:f! itemUnitPrice:f!=rate department:r(department)
    class:r(classification)
"""
_APPLY: Final = """
    apply:b amount:f doc:r(transaction) line:i applyDate:d! createdFrom! currency! due:f! refNum! total:f! type!
"""
_TAX: Final = """
    taxDetailsReference taxType:r(taxType) taxCode:r(salesTaxItem) taxBasis:f taxRate:f taxAmount:f lineType!~ lineName!~
"""
_ITEM_LINES: Final = (
    "mainline = 'F' AND taxline = 'F' AND iscogs = 'F' AND kitcomponent = 'F' AND itemtype IS NOT 'ShipItem'"
)


def _items(words: str = _LINE) -> Sublist:
    return Sublist(
        "item",
        "transactionline",
        "transaction",
        fields(words),
        key=("line",),
        number="id",
        where=_ITEM_LINES,
        order="linesequencenumber",
    )


def _applications(name: str) -> Sublist:
    kept = f"kind = '{name}'"
    return Sublist(name, "applyline", "transaction", fields(_APPLY), ("doc",), "doc", where=kept, order="doc")


_TAX_DETAILS: Final = Sublist("taxDetails", "taxdetail", "transaction", fields(_TAX))
_PACKAGES: Final = tuple(
    Sublist(
        name,
        "package",
        "transaction",
        fields(
            f"packageTrackingNumber{carrier}=trackingnumber packageWeight{carrier}:f=weight packageDescr=description"
            " packageCartonNumber=carton"
        ),
        number="number",
        where=f"kind = '{name.lower()}'",
        order="number",
    )
    for name, carrier in (("package", ""), ("packageFedex", "FedEx"), ("packageUps", "Ups"), ("packageUsps", "Usps"))
)
_ADDRESSES: Final = {
    "billingaddress": Field("billingAddress", "integer", "billingaddress"),
    "shippingaddress": Field("shippingAddress", "integer", "shippingaddress"),
}


def _document(
    name: str, kind: str, label: str, permission: str, words: str, lists: tuple[Sublist, ...], *transforms: str
) -> RecordType:
    return RecordType(
        name,
        "transaction",
        "transaction",
        label,
        permission,
        fields(_HEAD + words),
        {sublist.name.lower(): sublist for sublist in lists},
        {} if kind == "CustPymt" else _ADDRESSES,
        {"type": kind},
        transforms,
        display="trandisplayname",
    )


# REST type -> (SuiteQL type, label, permission, own fields, what it can be transformed into)
_SALES: Final = {
    "salesOrder": (
        "SalesOrd",
        "Sales Order",
        "Sales Order",
        _ORDER,
        ("itemFulfillment", "invoice", "cashSale", "returnAuthorization"),
    ),
    "invoice": (
        "CustInvc",
        "Invoice",
        "Invoice",
        _POSTED + _INVOICE,
        ("customerPayment", "creditMemo", "returnAuthorization"),
    ),
    "cashSale": ("CashSale", "Cash Sale", "Cash Sale", _POSTED + " undepFunds:b", ()),
    "estimate": ("Estimate", "Quote", "Estimate", _ESTIMATE, ("salesOrder", "invoice", "cashSale")),
    "opportunity": (
        "Opprtnty",
        "Opportunity",
        "Opportunity",
        _ESTIMATE,
        ("estimate", "salesOrder", "invoice", "cashSale"),
    ),
    "creditMemo": (
        "CustCred",
        "Credit Memo",
        "Credit Memo",
        _POSTED + " applied:f! unapplied:f! amountRemaining:f!=foreignamountunpaid amountPaid:f!=applied",
        (),
    ),
    "returnAuthorization": (
        "RtnAuth",
        "Return Authorization",
        "Return Authorization",
        " orderStatus:e(orderStatus)=status",
        ("itemReceipt", "creditMemo", "cashRefund"),
    ),
}


def transaction_types() -> list[RecordType]:
    """Sales documents, fulfilments and payments with what each can be transformed into (NetSuite §5.10)."""
    sold = (_items(), _TAX_DETAILS)
    found = []
    for name, (kind, label, permission, words, transforms) in _SALES.items():
        lists = (*sold, _applications("apply")) if name == "creditMemo" else sold
        found.append(_document(name, kind, label, permission, _SOLD + words, lists, *transforms))
    payments = (_applications("apply"), _applications("credit"))
    shipped = (_items(_SHIPPED_LINE), *_PACKAGES)
    period = " postingPeriod:r(accountingPeriod)"
    return [
        *found,
        _document("customerPayment", "CustPymt", "Payment", "Customer Payment", _PAYMENT + _POSTED, payments),
        _document("itemFulfillment", "ItemShip", "Item Fulfillment", "Item Fulfillment", _FULFILMENT + period, shipped),
    ]
