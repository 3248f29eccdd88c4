"""Access tokens: only what we signed, with our algorithm, in time, for a session that goes on."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest

from mestore.accounts.errors import InvalidAccessToken
from mestore.accounts.service.tokens import AccessTokens, digest_of, new_refresh_token
from mestore.accounts.types import SignInPolicy, UserProfile, UserType
from mestore.kernel.clock import Clock, now
from mestore.kernel.ids import uuid7

SECRET = "a sample secret of thirty-two bytes or more"
TOKENS = AccessTokens(SignInPolicy(secret=SECRET))
KID = {"kid": hashlib.sha256(SECRET.encode()).hexdigest()[:8]}
SESSION = uuid7()
USER = UserProfile(
    id=uuid7(),
    number=7,
    email="ana@example.com",
    username=None,
    first_name="Ana",
    last_name="Ejemplo",
    phone=None,
    company=None,
    user_type=UserType.BUYER,
    is_active=True,
    email_verified=False,
    phone_verified=False,
    mfa_enabled=False,
    marketing_consent=False,
    created_at=now(),
    last_login=None,
)


def issued() -> str:
    return TOKENS.issue(USER, SESSION, now())


def payload_of(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"])
    return decoded


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_a_token_carries_the_claims_of_the_contract() -> None:
    moment = now()
    claims = payload_of(TOKENS.issue(USER, SESSION, moment))
    assert claims == {
        "sub": str(USER.id),
        "user_id": str(USER.id),
        "user_type": "BUYER",
        "email": "ana@example.com",
        "sid": str(SESSION),
        "iat": int(moment.timestamp()),
        "exp": int(moment.timestamp()) + 3600,
    }


def test_a_token_names_its_session_and_user() -> None:
    claims = TOKENS.read(issued())
    assert (claims.sid, claims.sub) == (SESSION, USER.id)


def test_a_token_works_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    token = issued()
    monkeypatch.setattr(Clock, "offset", timedelta(minutes=59))
    assert TOKENS.read(token).sid == SESSION
    monkeypatch.setattr(Clock, "offset", timedelta(minutes=61))
    with pytest.raises(InvalidAccessToken):
        TOKENS.read(token)


def unsigned(token: str) -> str:
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."


def promoted(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{encoded(payload_of(token) | {'user_type': 'SUPERUSER'})}.{signature}"


def of_another_secret(token: str) -> str:
    return jwt.encode(payload_of(token), SECRET[::-1], algorithm="HS256", headers=KID)


def of_another_algorithm(token: str) -> str:
    return jwt.encode(payload_of(token), SECRET * 2, algorithm="HS512", headers=KID)


def without(claim: str) -> Callable[[str], str]:
    def cut(token: str) -> str:
        kept = {name: value for name, value in payload_of(token).items() if name != claim}
        return jwt.encode(kept, SECRET, algorithm="HS256", headers=KID)

    return cut


def with_session(value: object) -> Callable[[str], str]:
    def change(token: str) -> str:
        claims = payload_of(token) | {"sid": value}
        return jwt.encode(claims, SECRET, algorithm="HS256", headers=KID)

    return change


@pytest.mark.parametrize(
    "tampered",
    [
        unsigned,
        promoted,
        of_another_secret,
        of_another_algorithm,
        without("exp"),
        without("iat"),
        without("sub"),
        without("sid"),
        with_session("not a UUID"),
        with_session(7),
        lambda token: token[:-2],
        lambda token: f"{token}x",
        lambda _: "",
        lambda _: "a.b.c",
        lambda _: "ñ",
    ],
)
def test_a_token_that_is_not_as_we_signed_it_is_refused(tampered: Callable[[str], str]) -> None:
    with pytest.raises(InvalidAccessToken):
        TOKENS.read(tampered(issued()))


def test_a_token_of_the_same_secret_and_another_algorithm_is_refused() -> None:
    long = SECRET * 2
    signed = AccessTokens(SignInPolicy(secret=long, algorithm="HS512"))
    with pytest.raises(InvalidAccessToken):
        AccessTokens(SignInPolicy(secret=long)).read(signed.issue(USER, SESSION, now()))


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(jwt.InvalidKeyError):
        AccessTokens(replace(TOKENS.policy, secret="")).issue(USER, uuid4(), now())


def test_refresh_tokens_are_256_random_bits_and_stored_by_digest() -> None:
    first, second = new_refresh_token(), new_refresh_token()
    assert len(base64.urlsafe_b64decode(f"{first}=")) == 32
    assert first != second
    assert len(digest_of(first)) == 64
    assert first not in digest_of(first)
    assert isinstance(USER.id, UUID)
