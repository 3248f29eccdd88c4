"""Refusals: their codes, their two texts, their headers; and what they look like to a client."""

import importlib
import pkgutil
import string
from collections.abc import Iterator

import msgspec
import pytest

import mestore
from mestore.kernel import problems
from mestore.kernel.errors import (
    BodyTooLarge,
    Conflict,
    DatabaseUnavailable,
    Forbidden,
    Invalid,
    LostRace,
    NotFound,
    PreconditionFailed,
    Refusal,
    TooMany,
    Unauthorized,
    Unavailable,
)
from mestore.kernel.ids import uuid7


class InsufficientStock(Conflict):
    """A refusal with details in its texts."""

    en = "Only {available} of {name} are left. Take fewer."
    es = "Solo quedan {available} de {name}. Pide menos."


@pytest.fixture(autouse=True)
def _no_caller() -> Iterator[None]:
    """Each test is a request of its own."""
    request, language = problems.request_id.set("request-1"), problems.language.set("en")
    yield
    problems.request_id.reset(request)
    problems.language.reset(language)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Refusal, 400),
        (Unauthorized, 401),
        (Forbidden, 403),
        (NotFound, 404),
        (Conflict, 409),
        (LostRace, 409),
        (PreconditionFailed, 412),
        (Invalid, 422),
        (Unavailable, 503),
        (DatabaseUnavailable, 503),
    ],
)
def test_each_kind_has_its_status(kind: type[Refusal], status: int) -> None:
    assert kind().status == status


def test_the_code_is_the_name_of_the_class() -> None:
    codes = [InsufficientStock.code, NotFound.code, LostRace.code, BodyTooLarge.code]
    assert codes == ["INSUFFICIENT_STOCK", "NOT_FOUND", "LOST_RACE", "BODY_TOO_LARGE"]


def test_details_fill_both_texts() -> None:
    refusal = InsufficientStock(available=2, name="Taza {con} llaves")
    assert refusal.text("en") == "Only 2 of Taza {con} llaves are left. Take fewer."
    assert refusal.text("es") == "Solo quedan 2 de Taza {con} llaves. Pide menos."
    assert str(refusal) == refusal.text("en")


def test_a_problem_has_the_members_that_the_contract_names() -> None:
    assert problems.problem(InsufficientStock(available=2, name="Taza")) == {
        "type": "urn:mestore:problem:insufficient-stock",
        "title": "Insufficient stock",
        "status": 409,
        "detail": "Only 2 of Taza are left. Take fewer.",
        "code": "INSUFFICIENT_STOCK",
        "request_id": "request-1",
        "details": {"available": 2, "name": "Taza"},
    }


def test_a_problem_without_details_has_no_empty_members() -> None:
    assert set(problems.problem(NotFound())) == {
        "type",
        "title",
        "status",
        "detail",
        "code",
        "request_id",
    }


def test_a_problem_speaks_the_callers_language() -> None:
    problems.language.set("es")
    detail = problems.problem(InsufficientStock(available=2, name="Taza"))["detail"]
    assert detail == "Solo quedan 2 de Taza. Pide menos."


def test_details_of_any_kind_become_json() -> None:
    product = uuid7()
    shown = msgspec.json.decode(problems.render(InsufficientStock(available=1, name=product)))
    assert shown["details"] == {"available": 1, "name": str(product)}


def test_headers_say_what_to_do_next() -> None:
    assert problems.respond(Unauthorized()).headers["www-authenticate"] == "Bearer"
    assert problems.respond(TooMany(retry_after=30)).headers["retry-after"] == "30"
    assert problems.respond(Unavailable()).headers["retry-after"] == "2"
    assert "retry-after" not in problems.respond(NotFound()).headers


def refusals(kind: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Every refusal of the program."""
    for module in pkgutil.walk_packages(mestore.__path__, "mestore."):
        if module.name.endswith((".errors", ".kernel.idempotency")):
            importlib.import_module(module.name)
    found = [kind]
    for child in kind.__subclasses__():
        if child.__module__.startswith("mestore."):
            found += refusals(child)
    return found


def names(template: str) -> set[str]:
    """The names that a text takes from the details."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("kind", refusals(), ids=lambda kind: kind.__name__)
def test_every_refusal_speaks_both_languages_about_the_same_details(kind: type[Refusal]) -> None:
    assert names(kind.en) == names(kind.es)
    assert kind.en[-1] in ".`}"
    assert kind.es[-1] in ".`}"
    own = [text for text in ("en", "es") if text in vars(kind)]
    assert own in ([], ["en", "es"]), (
        "a refusal that says more in one language says less in the other"
    )
