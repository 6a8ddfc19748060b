"""Every emulator lets in whom the vendor lets in, and refuses everybody else in the vendor's words."""

from __future__ import annotations

import random
import string

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.conformance.account import Account
from tests.conformance.vendor import EmulatorProfile, Flow, Session


def another(value: str) -> str:
    """Return something of the same make that is not the value: another key of the same kind, other letters."""
    if "PRIVATE KEY" not in value:
        letters = random.Random(len(value)).choices(string.ascii_letters + string.digits, k=len(value))
        return "".join(letters)
    old = serialization.load_pem_private_key(value.encode(), password=None)
    new = (
        rsa.generate_private_key(65537, 2048)
        if isinstance(old, rsa.RSAPrivateKey)
        else ec.generate_private_key(ec.SECP256R1())
    )
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return new.private_bytes(*pem).decode()


def test_the_profile_knows_every_credential_the_account_offers(profile: EmulatorProfile, account: Account) -> None:
    used = {name for flow in profile.flows for name in flow.uses}
    assert set(account.access) == used | profile.facts


def test_good_credentials_open_the_account(profile: EmulatorProfile, flow: Flow, account: Account) -> None:
    session = account.sign_in(flow.name)
    assert len(profile.truth(session)) > 10


def test_each_wrong_credential_alone_is_refused(profile: EmulatorProfile, flow: Flow, account: Account) -> None:
    good = flow.pick(account.access)
    for name, value in good.items():
        answer = flow.attempt(account.base_url, {**good, name: another(value)})
        assert flow.refused(answer) in flow.refusals, f"with another {name}"
        for secret in (*good.values(), another(value)):
            assert len(secret) < 8 or secret not in answer.text, f"the refusal repeats {name}"
    assert flow.attempt(account.base_url, good).status_code == 200, "wrong attempts must not lock the right one out"


def test_a_session_ends_when_its_time_is_over(profile: EmulatorProfile, ending_flow: Flow, account: Account) -> None:
    assert ending_flow.lifetime is not None
    session = account.sign_in(ending_flow.name)
    key = profile.create(account.sign_in(), "Session ends")
    assert profile.read(session, key) is not None
    account.control("POST", "clock", advance_seconds=ending_flow.lifetime + 1)
    assert refused_to_read(profile, session, key)
    assert profile.read(account.sign_in(ending_flow.name), key) is not None


def test_a_revoked_session_is_refused_and_no_other(
    profile: EmulatorProfile, revocable_flow: Flow, account: Account
) -> None:
    credentials = revocable_flow.pick(account.access)
    answer = revocable_flow.attempt(account.base_url, credentials)
    mine = Session(account.base_url, revocable_flow.sign(credentials, answer))
    other = account.sign_in(revocable_flow.name)
    key = profile.create(account.sign_in(), "Session revoked")
    assert profile.read(mine, key) is not None
    assert revocable_flow.revoke is not None
    assert revocable_flow.revoke(account.base_url, credentials, answer).status_code in (200, 204)
    assert refused_to_read(profile, mine, key)
    assert profile.read(other, key) is not None


def refused_to_read(profile: EmulatorProfile, session: Session, key: str) -> bool:
    """Whether a read is answered with 401 in the vendor's form."""
    refusal = next(one for one in profile.refusals if one.flow == "")
    answer = session.call(refusal.method, refusal.path.format(customer=key))
    return (answer.status_code, profile.code(answer)) == (refusal.status, refusal.code)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic eDp5", "OAuth nonsense"])
def test_nonsense_for_credentials_is_refused(profile: EmulatorProfile, account: Account, header: str) -> None:
    refusal = next(one for one in profile.refusals if one.flow == "")
    answer = Session(account.base_url, None).call(
        refusal.method, refusal.path.format(customer="1"), headers={"Authorization": header}
    )
    assert (answer.status_code, profile.code(answer)) == (refusal.status, refusal.code)
