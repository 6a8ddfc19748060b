from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from crosswalk.connectors.sap_business_one import BusinessOneConnector, connect
from crosswalk.connectors.sap_business_one.auth import SESSIONS
from crosswalk.connectors.settings import ConnectionSettings
from tests.connectors.sap_business_one.small_business_one import COMPANY, SmallBusinessOne, running

KEY_FIELD_TABLES = ("OCRD", "OCPR", "OITM", "ORDR")


@pytest.fixture
def company() -> Iterator[SmallBusinessOne]:
    small = SmallBusinessOne()
    for number, table in enumerate(KEY_FIELD_TABLES):
        small.put("UserFieldsMD", TableName=table, FieldID=number, Name="CrosswalkKey", Type="db_Alpha", EditSize=64)
    small.put("Currencies", Code="EUR", Name="Euro", DocumentsCode="EUR")
    small.put("Currencies", Code="$", Name="US Dollar", DocumentsCode="USD")
    with running(small):
        yield small
        SESSIONS.close()


@pytest.fixture
def waits() -> list[float]:
    """Seconds the connector meant to wait, which it does not."""
    return []


@pytest.fixture
def open_company(company: SmallBusinessOne, waits: list[float]) -> Callable[..., BusinessOneConnector]:
    def opened(
        *, read_only: bool = False, options: dict[str, object] | None = None, password: str | None = None, **extra: str
    ) -> BusinessOneConnector:
        settings = ConnectionSettings(
            login=COMPANY["UserName"],
            password=password or COMPANY["Password"],
            extra={
                "base_url": company.base_url,
                "company_db": COMPANY["CompanyDB"],
                "time_zone": "Europe/Berlin",
                **extra,
            },
        )
        return connect(settings, read_only=read_only, options={"sleep": waits.append, **(options or {})})

    return opened
