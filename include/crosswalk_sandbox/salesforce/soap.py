"""SOAP partner API: login in the exact shape clients read (Salesforce §2.6), and the verbs REST lacks (§11):
merge, undelete, emptyRecycleBin; plus getUserInfo, getServerTimestamp and logout."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from .auth import passwords
from .calls import Call, Reply
from .errors import RowError
from .recycle import empty_recycle_bin, merge, undelete
from .sessions import Sessions
from .values import stamp

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "text/xml;charset=UTF-8"
LAST_LOGIN_VERSION = 64


class SoapFault(Exception):
    """Refused: HTTP 500 with the ``sf:`` prefix that clients look for."""

    def __init__(self, code: str, message: str, kind: str = "UnexpectedErrorFault") -> None:
        super().__init__(message)
        self.code, self.message, self.kind = code, message, kind

    def reply(self) -> Reply:
        """The fault envelope."""
        text = escape(self.message)
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" '
            f'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="{XSI}"><soapenv:Body><soapenv:Fault>'
            f"<faultcode>sf:{self.code}</faultcode><faultstring>{self.code}: {text}</faultstring>"
            f'<detail><sf:{self.kind} xsi:type="sf:{self.kind}"><sf:exceptionCode>{self.code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{text}</sf:exceptionMessage></sf:{self.kind}></detail>"
            "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )
        return Reply(500, body.encode(), content_type=XML)


class Soap:
    """The partner endpoint of the org."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.org = sessions.org

    def partner(self, call: Call, version: str, org: str = "") -> Reply:
        """``POST /services/Soap/u/{version}``."""
        try:
            envelope = parse_envelope(call.body)
            operation = operation_of(envelope)
            name = etree.QName(operation).localname
            if name == "login":
                return self._login(call, version, operation)
            user_id = self._session(envelope)
            verbs = {"merge": self._merge, "undelete": self._undelete, "emptyRecycleBin": self._empty}
            if name in verbs:
                return _answer(name, verbs[name](user_id, operation))
            if name == "getUserInfo":
                return _answer(name, [_user_info(self.org, user_id)])
            if name == "getServerTimestamp":
                return _answer(name, [f"<timestamp>{stamp(self.org.now())[:19]}.000Z</timestamp>"])
            if name == "logout":
                self.sessions.close(text_of(envelope, "sessionId"))
                return _answer(name, [])
            raise SoapFault("INVALID_OPERATION", f"the operation {name} is not available")
        except SoapFault as fault:
            return fault.reply()

    def _session(self, envelope: etree._Element) -> str:
        user_id = self.sessions.user(text_of(envelope, "sessionId"))
        if user_id is None:
            raise SoapFault(
                "INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session. Session not found"
            )
        return user_id

    def _login(self, call: Call, version: str, operation: etree._Element) -> Reply:
        number = int(float(version))
        if number > LAST_LOGIN_VERSION:
            raise SoapFault("UNSUPPORTED_API_VERSION", "login() is not available in API version 65.0 and later")
        if not self.org.options.soap_login:
            raise SoapFault("INVALID_LOGIN", "SOAP API login() is disabled by default in this org.", "LoginFault")
        username, password = text_of(operation, "username"), text_of(operation, "password")
        users = self.org.store.fetch_where(
            self.org.schema.objects["user"], '"Username" = ? AND "IsActive" = 1', [username]
        )
        if not users or password not in passwords(self.org):
            text = "Invalid username, password, security token; or user locked out."
            raise SoapFault("INVALID_LOGIN", text, "LoginFault")
        user_id = users[0]["Id"]
        token = self.sessions.open(user_id, "soap")
        org_id = self.org.fact("org_id")[:15]
        result = (
            f"<metadataServerUrl>{call.base_url}/services/Soap/m/{version}/{org_id}</metadataServerUrl>"
            "<passwordExpired>false</passwordExpired><sandbox>false</sandbox>"
            f"<serverUrl>{call.base_url}/services/Soap/u/{version}/{org_id}</serverUrl>"
            f"<sessionId>{token}</sessionId><userId>{user_id}</userId><userInfo>{_user_info(self.org, user_id)}</userInfo>"
        )
        return _answer("login", [result])

    def _merge(self, user_id: str, operation: etree._Element) -> list[str]:
        answers = []
        for request in children(operation, "request"):
            master = children(request, "masterRecord")[0]
            losers = [str(item.text) for item in children(request, "recordToMergeIds")]
            try:
                own, moved = merge(
                    self.org, user_id, text_of(master, "type"), text_of(master, "Id"), losers, _fields(master)
                )
            except RowError as error:
                answers.append(_failure(error))
                continue
            merged = "".join(f"<mergedRecordIds>{item}</mergedRecordIds>" for item in losers)
            related = "".join(f"<updatedRelatedIds>{item}</updatedRelatedIds>" for item in moved)
            answers.append(f"<id>{own}</id>{merged}<success>true</success>{related}")
        return answers

    def _undelete(self, user_id: str, operation: etree._Element) -> list[str]:
        return self._by_id(operation, lambda own: undelete(self.org, user_id, own))

    def _empty(self, user_id: str, operation: etree._Element) -> list[str]:
        return self._by_id(operation, lambda own: empty_recycle_bin(self.org, user_id, own))

    def _by_id(self, operation: etree._Element, work: Any) -> list[str]:
        answers = []
        for item in children(operation, "ids"):
            try:
                answers.append(f"<id>{work(str(item.text))}</id><success>true</success>")
            except RowError as error:
                answers.append(_failure(error))
        return answers


def _failure(error: RowError) -> str:
    code, message, _ = error.entries[0]
    return f"<errors><message>{escape(message)}</message><statusCode>{code}</statusCode></errors><id/><success>false</success>"


def parse_envelope(body: bytes) -> etree._Element:
    """The envelope. Raises SoapFault for broken XML."""
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise SoapFault("UNKNOWN_EXCEPTION", f"XML Parser Error: {error}") from None


def operation_of(envelope: etree._Element) -> etree._Element:
    """What the body asks for."""
    body = envelope.find(f"{{{ENVELOPE}}}Body")
    if body is None or not len(body):
        raise SoapFault("UNKNOWN_EXCEPTION", "the envelope has no body")
    return body[0]


def children(parent: etree._Element, name: str) -> list[etree._Element]:
    """Child elements of a name, whatever their namespace."""
    return [item for item in parent if etree.QName(item).localname == name]


def text_of(parent: etree._Element, name: str) -> str:
    """Text of the first descendant of a name; empty when there is none."""
    for item in parent.iter("{*}" + name):
        return (item.text or "").strip()
    return ""


def _fields(record: etree._Element) -> dict[str, str | None]:
    found = {etree.QName(item).localname: item.text for item in record}
    return {name: value for name, value in found.items() if name not in ("type", "Id", "fieldsToNull")}


def _answer(name: str, results: list[str]) -> Reply:
    body = "".join(f"<result>{result}</result>" for result in results)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns="{PARTNER}" xmlns:xsi="{XSI}">'
        f"<soapenv:Body><{name}Response>{body}</{name}Response></soapenv:Body></soapenv:Envelope>"
    )
    return Reply(200, text.encode(), content_type=XML)


def _user_info(org: Any, user_id: str) -> str:
    user = org.store.fetch(org.schema.objects["user"], user_id)
    options = org.options
    values = {
        "accessibilityMode": "false", "chatterExternal": "false", "currencySymbol": "$", "orgAttachmentFileSizeLimit": "5242880",
        "orgDefaultCurrencyIsoCode": options.corporate_currency, "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": "false", "orgHasPersonAccounts": "false", "organizationId": org.fact("org_id"),
        "organizationMultiCurrency": str(options.multi_currency).lower(), "organizationName": options.organization_name,
        "profileId": user["ProfileId"], "roleId": "", "sessionSecondsValid": str(options.session_seconds),
        "userDefaultCurrencyIsoCode": options.corporate_currency, "userEmail": user["Email"], "userFullName": user["Name"],
        "userId": user_id, "userLanguage": user["LanguageLocaleKey"], "userLocale": user["LocaleSidKey"],
        "userName": user["Username"], "userTimeZone": user["TimeZoneSidKey"], "userType": "Standard", "userUiSkin": "Theme3",
    }  # fmt: skip
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())


def is_soap_path(path: str) -> bool:
    """Whether a path belongs to the partner API."""
    return re.match(r"/services/Soap/[ucm]/", path, re.IGNORECASE) is not None
