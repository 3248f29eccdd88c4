"""What of an act is written down: what changed, no secrets, no values of persons."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from mestore.accounts.service.acts import changed
from mestore.accounts.types.acts import Act
from mestore.catalog.types import ProductStatus


def test_only_what_differs_is_kept() -> None:
    before = {"name": "Old", "price_minor": 100, "tags": ["a"]}
    after = {"name": "New", "price_minor": 100, "tags": ["a"]}
    assert changed(before, after) == ({"name": "Old"}, {"name": "New"})


def test_what_only_one_side_has_is_kept() -> None:
    assert changed({"a": 1}, {"b": None}) == ({"a": 1}, {"b": None})
    assert changed(None, {"a": 1}) == (None, {"a": 1})
    assert changed({"a": 1}, None) == ({"a": 1}, None)
    assert changed({"a": 1}, {"a": 1}) == (None, None)


def test_values_become_plain_json() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    after = {"id": UUID(int=1), "at": moment, "status": ProductStatus.APPROVED}
    assert changed(None, after) == (
        None,
        {
            "id": "00000000-0000-0000-0000-000000000001",
            "at": "2026-01-02T03:04:05Z",
            "status": "APPROVED",
        },
    )


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "password_hash",
        "refresh_token",
        "mfa_token",
        "Authorization",
        "api_key",
        "client_secret",
        "sealed_secret",
        "code_digest",
        "otp",
        "backup_codes",
        "private_key",
        "cvc",
        "cookie",
        "credential",
    ],
)
def test_a_secret_never_enters(name: str) -> None:
    secret = {name: "sample-secret"}
    assert changed(secret, {name: "another"}) == (None, None)
    assert changed(None, {"deep": [{"within": secret}]}) == (None, {"deep": [{"within": {}}]})


def test_of_persons_only_the_names_of_fields_are_kept() -> None:
    before = {"email": "ana@example.com", "phone": None, "first_name": "Ana", "is_active": True}
    after = {"email": "eva@example.com", "phone": "+57300", "first_name": "Ana", "is_active": False}
    assert changed(before, after) == (
        {"is_active": True},
        {"is_active": False, "personal_fields": ["email", "phone"]},
    )


def test_every_word_fits_its_column_and_names_its_subject() -> None:
    for act in Act:
        room, _, verb = act.value.partition(".")
        assert room
        assert verb
        assert len(act.value) <= 64
        assert act.outcome in {"success", "failure"}
        assert act.is_security_event is (room == "auth")
