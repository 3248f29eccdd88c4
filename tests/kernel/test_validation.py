"""Malformed input is 422, names its field, and says what is wrong in English or Spanish."""

from typing import Any

import httpx2
import pytest

from mestore.kernel.paging import LONGEST_CURSOR
from tests.kernel.web import problem


async def test_a_body_that_fits_is_taken(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/body", json={"name": "  Ana ", "price": 10.5})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["price"]) == ("Ana", "10.5")


ISSUES: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "name", "Field required", "Falta este campo."),
    ({"name": 5}, "name", "Input should be a valid string", "Debe ser texto."),
    (
        {"name": "x"},
        "name",
        "String should have at least 2 characters",
        "Debe tener al menos 2 caracteres.",
    ),
    (
        {"name": "x" * 11},
        "name",
        "String should have at most 10 characters",
        "Debe tener como máximo 10 caracteres.",
    ),
    (
        {"name": "12"},
        "name",
        "String should match pattern '^[A-Za-z ]*$'",
        "No tiene el formato esperado.",
    ),
    (
        {"name": "Ana", "other": 1},
        "other",
        "Extra inputs are not permitted",
        "Este campo no existe.",
    ),
    (
        {"name": "Ana", "price": -1},
        "price",
        "Input should be greater than or equal to 0",
        "Debe ser mayor o igual que 0.",
    ),
    (
        {"name": "Ana", "price": 0.001},
        "price",
        "Decimal input should have no more than 2 decimal places",
        "Debe tener como máximo 2 decimales.",
    ),
    (
        {"name": "Ana", "price": "x"},
        "price",
        "Input should be a valid decimal",
        "Debe ser un número.",
    ),
    ({"name": "Ana", "price": []}, "price", "Decimal input should be", "Debe ser un número."),
    (
        {"name": "Ana", "price": 10**11 + 1},
        "price",
        "Input should be less than or equal to 100000000000",
        "Debe ser menor o igual que 100000000000.",
    ),
    (
        {"name": "Ana", "price": 10**12},
        "price",
        "Decimal input should have no more than 12 digits before the decimal point",
        "Debe tener como máximo 12 dígitos antes del punto.",
    ),
    (
        {"name": "Ana", "price": "NaN"},
        "price",
        "Input should be a finite number",
        "Debe ser un número finito.",
    ),
    (
        {"name": "Ana", "ratio": 0},
        "ratio",
        "Input should be greater than 0",
        "Debe ser mayor que 0.",
    ),
    ({"name": "Ana", "ratio": 5}, "ratio", "Input should be less than 5", "Debe ser menor que 5."),
    (
        {"name": "Ana", "ratio": "x"},
        "ratio",
        "Input should be a valid integer",
        "Debe ser un número",
    ),
    (
        {"name": "Ana", "ratio": 1.5},
        "ratio",
        "Input should be a valid integer",
        "Debe ser un número",
    ),
    (
        {"name": "Ana", "ratio": []},
        "ratio",
        "Input should be a valid integer",
        "Debe ser un número",
    ),
    (
        {"name": "Ana", "is_open": "x"},
        "is_open",
        "Input should be a valid boolean",
        "Debe ser true o false.",
    ),
    (
        {"name": "Ana", "is_open": []},
        "is_open",
        "Input should be a valid boolean",
        "Debe ser true o false.",
    ),
    (
        {"name": "Ana", "colour": "verde"},
        "colour",
        "Input should be 'rojo' or 'azul'",
        "Debe ser uno de: 'rojo' or 'azul'.",
    ),
    ({"name": "Ana", "size": "L"}, "size", "Input should be 'S' or 'M'", "Debe ser uno de: 'S' or"),
    (
        {"name": "Ana", "product": "x"},
        "product",
        "Input should be a valid UUID",
        "Debe ser un UUID.",
    ),
    ({"name": "Ana", "lines": 5}, "lines", "Input should be a valid list", "Debe ser una lista."),
    ({"name": "Ana", "lines": []}, "lines", "List should have at least 1", "Tiene muy pocos"),
    (
        {"name": "Ana", "lines": [{"quantity": 1}] * 3},
        "lines",
        "List should have at most 2",
        "Tiene demasiados elementos: máximo 2.",
    ),
    (
        {"name": "Ana", "lines": [{"quantity": 1}, {"quantity": 11}]},
        "lines.1.quantity",
        "Input should be less than or equal to 10",
        "Debe ser menor o igual que 10.",
    ),
    ({"name": "Ana", "lines": ["x"]}, "lines.0", "Input should be", "Debe ser un objeto."),
    (
        {"name": "Ana", "extra": 1},
        "extra",
        "Input should be a valid dictionary",
        "Debe ser un objeto.",
    ),
]


@pytest.mark.parametrize(("body", "field", "english", "spanish"), ISSUES)
async def test_a_malformed_field_is_named_in_both_languages(
    web: httpx2.AsyncClient, body: dict[str, Any], field: str, english: str, spanish: str
) -> None:
    for language, expected in (("en", english), ("es", spanish)):
        answer = await web.post("/body", json=body, headers={"Accept-Language": language})
        (issue,) = problem(answer, 422, "VALIDATION_FAILED")["errors"]
        assert issue["field"] == field
        assert issue["issue"].startswith(expected)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"not json",
        b"\xff\xfe",
        b'{"name": "\xff"}',
        b"[" * 900,
        b'{"name": ' + b"9" * 900 + b"}",
        b"null",
        b'"text"',
        b"[]",
    ],
    ids=repr,
)
async def test_a_body_that_is_no_json_object_is_422(
    web: httpx2.AsyncClient, content: bytes
) -> None:
    headers = {"Content-Type": "application/json", "Accept-Language": "es"}
    answer = await web.post("/body", content=content, headers=headers)
    (issue,) = problem(answer, 422, "VALIDATION_FAILED")["errors"]
    assert issue["field"] in {"body", "name"}
    assert "Traceback" not in issue["issue"]


async def test_broken_json_is_said_in_spanish(web: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Accept-Language": "es"}
    answer = await web.post("/body", content=b"{", headers=headers)
    errors = problem(answer, 422, "VALIDATION_FAILED")["errors"]
    assert errors == [{"field": "body", "issue": "El cuerpo no es JSON válido."}]


async def test_a_thousand_mistakes_do_not_make_a_long_answer(web: httpx2.AsyncClient) -> None:
    body = {"name": "Ana"} | {f"f{number}": 1 for number in range(80)}
    answer = await web.post("/body", json=body)
    assert len(problem(answer, 422, "VALIDATION_FAILED")["errors"]) == 50


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"page": 1, "per_page": 20, "cursor": None}),
        ("page=3&per_page=100", {"page": 3, "per_page": 100, "cursor": None}),
        ("limit=5", {"page": 1, "per_page": 5, "cursor": None}),
        ("per_page=7&limit=5", {"page": 1, "per_page": 7, "cursor": None}),
        ("cursor=abc&page=999999", {"page": 999999, "per_page": 20, "cursor": "abc"}),
    ],
)
async def test_paging_parameters_are_read(
    web: httpx2.AsyncClient, query: str, expected: dict[str, object]
) -> None:
    assert (await web.get(f"/list?{query}")).json() == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("page=0", "INVALID_PAGE"),
        ("page=-1", "INVALID_PAGE"),
        ("per_page=0", "INVALID_PAGE"),
        ("per_page=101", "INVALID_PAGE"),
        ("limit=0", "INVALID_PAGE"),
        ("limit=-5", "INVALID_PAGE"),
        ("per_page=0&limit=5", "INVALID_PAGE"),
        ("cursor=" + "x" * (LONGEST_CURSOR + 1), "INVALID_PAGE"),
        ("page=501", "PAGE_TOO_DEEP"),
        ("page=999999999999999999999999", "PAGE_TOO_DEEP"),
        ("page=one", "VALIDATION_FAILED"),
        ("per_page=1.5", "VALIDATION_FAILED"),
    ],
)
async def test_paging_parameters_that_make_no_sense_are_422(
    web: httpx2.AsyncClient, query: str, code: str
) -> None:
    problem(await web.get(f"/list?{query}"), 422, code)


@pytest.mark.parametrize("key", ["", "has space", "ñ", "x" * 256, "tab\t"])
async def test_a_malformed_idempotency_key_is_422(web: httpx2.AsyncClient, key: str) -> None:
    answer = await web.post("/once", headers={b"Idempotency-Key": key.encode()})
    (issue,) = problem(answer, 422, "VALIDATION_FAILED")["errors"]
    assert issue["field"] == "Idempotency-Key"
