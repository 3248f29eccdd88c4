"""Reads problem documents as strictly as the contract describes them."""

from typing import Any

import httpx2


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Return a problem document that is as the contract has it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer.headers["x-request-id"]
    assert {"type", "title", "detail"} <= set(body)
    for word in ("Traceback", "SELECT", "sqlalchemy", "/src/", ".py"):
        assert word not in answer.text
    return body


def fields_of(answer: httpx2.Response) -> list[str]:
    """Return the fields that a validation problem names."""
    errors = problem(answer, 422, "VALIDATION_FAILED")["errors"]
    assert all(set(error) == {"field", "issue"} for error in errors)
    return [error["field"] for error in errors]


def is_named(field: str, found: list[str]) -> bool:
    """Say whether a field, or one inside it, is among those found."""
    return any(one.startswith(field) for one in found)
