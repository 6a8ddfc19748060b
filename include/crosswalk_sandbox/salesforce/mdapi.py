"""Metadata API over SOAP, for custom fields: create, update, upsert, read, delete, list, describe (Salesforce §15)."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from .calls import Call, Reply
from .customfields import create_field, delete_field, find_field, update_field
from .errors import RowError
from .ids import mint
from .org import Org
from .sessions import Sessions
from .soap import ENVELOPE, XML, XSI, SoapFault, children, operation_of, parse_envelope, text_of
from .tooling import metadata

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
MOST_ITEMS = 10

Item = dict[str, Any]


class MetadataApi:
    """``/services/Soap/m/{version}``."""

    def __init__(self, org: Org, sessions: Sessions) -> None:
        self.org = org
        self.sessions = sessions

    def endpoint(self, call: Call, version: str, org: str = "") -> Reply:
        """Answers one SOAP request."""
        try:
            envelope = parse_envelope(call.body)
            operation = operation_of(envelope)
            if self.sessions.user(text_of(envelope, "sessionId")) is None:
                raise SoapFault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
            name = etree.QName(operation).localname
            verbs = {"createMetadata": self._create, "updateMetadata": self._update, "upsertMetadata": self._upsert,
                     "deleteMetadata": self._delete, "readMetadata": self._read, "listMetadata": self._list,
                     "describeMetadata": self._describe}  # fmt: skip
            if name not in verbs:
                raise SoapFault("INVALID_OPERATION", f"the operation {name} is not available")
            return _answer(name, verbs[name](operation))
        except SoapFault as fault:
            return fault.reply()

    def _create(self, operation: etree._Element) -> list[str]:
        return [_save(item, lambda one: create_field(self.org, one["fullName"], one)) for item in _items(operation)]

    def _update(self, operation: etree._Element) -> list[str]:
        return [_save(item, lambda one: update_field(self.org, one["fullName"], one)) for item in _items(operation)]

    def _upsert(self, operation: etree._Element) -> list[str]:
        return [self._upsert_one(item) for item in _items(operation)]

    def _upsert_one(self, item: Item) -> str:
        object_name, _, name = str(item.get("fullName")).partition(".")
        known = find_field(self.org, object_name, name)
        work = update_field if known else create_field
        return _save(item, lambda one: work(self.org, one["fullName"], one), created=known is None)

    def _delete(self, operation: etree._Element) -> list[str]:
        names = [str(item.text) for item in children(operation, "fullNames")]
        return [_save({"fullName": name}, lambda one: delete_field(self.org, one["fullName"])) for name in names]

    def _read(self, operation: etree._Element) -> list[str]:
        records = []
        for item in children(operation, "fullNames"):
            object_name, _, name = str(item.text).partition(".")
            row = find_field(self.org, object_name, name)
            body = (
                "" if row is None else f"<fullName>{escape(str(item.text))}</fullName>{_fields(metadata(row['spec']))}"
            )
            records.append(f'<records xsi:type="CustomField">{body}</records>')
        return ["".join(records)]

    def _list(self, operation: etree._Element) -> list[str]:
        kind = text_of(operation, "type")
        if kind == "CustomField":
            rows = [(f"{row['object']}.{row['name']}", row["id"]) for row in self.org.custom_fields()]
        elif kind == "CustomObject":
            rows = [
                (sobject.name, mint("01I", number)) for number, sobject in enumerate(self.org.schema.objects.values())
            ]
        else:
            rows = []
        user = self.org.integration_user()
        stamp = "2026-01-01T00:00:00.000Z"
        return [
            f"<createdById>{user}</createdById><createdByName>Crosswalk Integration</createdByName><createdDate>{stamp}</createdDate>"
            f"<fileName>objects/{name.split('.')[0]}.object</fileName><fullName>{name}</fullName><id>{own}</id>"
            f"<lastModifiedById>{user}</lastModifiedById><lastModifiedByName>Crosswalk Integration</lastModifiedByName>"
            f"<lastModifiedDate>{stamp}</lastModifiedDate><type>{kind}</type>"
            for name, own in rows
        ]

    def _describe(self, _operation: etree._Element) -> list[str]:
        parts = "<inFolder>false</inFolder><metaFile>false</metaFile>"
        objects = f"<childXmlNames>CustomField</childXmlNames><directoryName>objects</directoryName>{parts}<suffix>object</suffix><xmlName>CustomObject</xmlName>"
        return [f"<metadataObjects>{objects}</metadataObjects><organizationNamespace></organizationNamespace>"
                "<partialSaveAllowed>true</partialSaveAllowed><testRequired>false</testRequired>"]  # fmt: skip


def _items(operation: etree._Element) -> list[Item]:
    """The metadata items of a request. Raises SoapFault beyond ten, or for other types than CustomField."""
    found = []
    for element in children(operation, "metadata"):
        kind = element.get(f"{{{XSI}}}type", "").split(":")[-1]
        if kind != "CustomField":
            raise SoapFault("INVALID_TYPE", f"The metadata type {kind} is not available in this org")
        found.append(_mapping(element))
    if len(found) > MOST_ITEMS:
        raise SoapFault(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST_ITEMS} records into this call"
        )
    return found


def _mapping(element: etree._Element) -> Item:
    found: Item = {}
    for child in element:
        name = etree.QName(child).localname
        value: Any = _mapping(child) if len(child) else child.text
        if name == "value":
            found.setdefault("value", []).append(value)
        else:
            found[name] = value
    return found


def _save(item: Item, work: Any, *, created: bool | None = None) -> str:
    name = escape(str(item.get("fullName")))
    flag = "" if created is None else f"<created>{str(created).lower()}</created>"
    try:
        work(item)
    except RowError as error:
        code, message, _ = error.entries[0]
        errors = f"<errors><message>{escape(message)}</message><statusCode>{code}</statusCode></errors>"
        return f"{flag.replace('true', 'false')}{errors}<fullName>{name}</fullName><success>false</success>"
    return f"{flag}<fullName>{name}</fullName><success>true</success>"


def _fields(values: Item) -> str:
    order = (
        "caseSensitive",
        "externalId",
        "formula",
        "label",
        "length",
        "precision",
        "required",
        "scale",
        "type",
        "unique",
    )
    return "".join(f"<{name}>{escape(_shown(values[name]))}</{name}>" for name in order if name in values)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer(name: str, results: list[str]) -> Reply:
    body = "".join(f"<result>{result}</result>" for result in results)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns="{NAMESPACE}" xmlns:xsi="{XSI}">'
        f"<soapenv:Body><{name}Response>{body}</{name}Response></soapenv:Body></soapenv:Envelope>"
    )
    return Reply(200, text.encode(), content_type=XML)
