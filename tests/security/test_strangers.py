"""One user's things, asked for by somebody else in the same role: never shown, never changed."""

import pytest
from fastapi import FastAPI

from mestore.kernel.db import Database
from tests.security.access import ACCESS, RULES
from tests.security.asking import Answer, ask
from tests.security.operations import Operation, operations
from tests.security.world import HOME, Kind, World, checksums

STRANGERS = (Kind.ANONYMOUS, Kind.GUEST, Kind.OTHER_BUYER, Kind.OTHER_VENDOR, Kind.KEY)


@pytest.mark.parametrize("kind", STRANGERS, ids=lambda kind: kind.name.lower())
async def test_nothing_of_others_is_in_any_answer(app: FastAPI, world: World, kind: Kind) -> None:
    wrong = []
    for operation in operations(app):
        for target in _targets(operation, world):
            body = None if operation.name == "POST /auth/login" else world.body(operation)
            answer = await ask(operation.method, target, world.headers[kind], body).of(app)
            if fault := _fault(world, answer):
                wrong.append(f"{operation.method} {target}: {fault}")
    assert not wrong, "\n".join(wrong)


async def test_the_owners_find_all_that_in_their_answers(app: FastAPI, world: World) -> None:
    """Or else the test above looks for what nobody says."""
    found = ""
    for kind in (Kind.BUYER, Kind.VENDOR):
        for path in ("/api/v1/auth/me", f"/api/v1/orders/{world.ids['order_id']}"):
            found += (await ask("GET", path, world.headers[kind]).of(app)).text
    assert [secret for secret in world.secrets if secret not in found] == []


def _targets(operation: Operation, world: World) -> list[str]:
    """Return the address, and for lists those that ask for the victim in every filter."""
    plain = operation.target(world.ids)
    wishes = {
        "search": (world.buyer.email, "Zulema", "Zarza"),
        "vendor": (str(world.vendor.id),),
        "actor_id": (world.ids["user_id"],),
        "subject_id": (world.ids["user_id"],),
        "status": ("PENDING", "DRAFT"),
        "role": ("BUYER",),
        "mine": ("false",),
        "format": ("json",),
    }
    if operation.method != "GET":
        return [plain]
    asked = [
        f"{plain}?{name}={wish}"
        for name in operation.named("query")
        for wish in wishes.get(name, ())
    ]
    return [plain, *asked]


def _fault(world: World, answer: Answer) -> str:
    if answer.status >= 500 and answer.status != 503:
        return f"{answer.status} {answer.text[:300]} {answer.error}"
    told = [secret for secret in world.secrets if secret in answer.text]
    if told and not _only_repeats(answer):
        return f"{answer.status} tells {told}: {answer.text[:300]}"
    return ""


def _only_repeats(answer: Answer) -> bool:
    """Say whether this is a refusal of what was sent."""
    return answer.status == 422


@pytest.mark.parametrize("kind", STRANGERS, ids=lambda kind: kind.name.lower())
async def test_what_is_not_public_is_not_there_for_strangers(
    app: FastAPI, database: Database, world: World, kind: Kind
) -> None:
    """A product that waits for approval: only its vendor, its vendor's keys and staff see it."""
    ids = {**world.ids, "product_id": str(world.hidden.id)}
    before, wrong = await checksums(database), []
    for operation in operations(app):
        if "product_id" not in operation.named("path"):
            continue
        for key in (ids["product_id"], world.hidden.slug):
            target = operation.target(ids, product_id=key)
            answer = await ask(
                operation.method, target, world.headers[kind], world.body(operation)
            ).of(app)
            if answer.status not in _hidden_statuses(operation, kind) or "Zarza" in _told(
                answer, kind
            ):
                wrong.append(f"{operation.method} {target}: {answer.status} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    after = await checksums(database)
    assert [name for name in before if before[name] != after[name]] == []


def _told(answer: Answer, kind: Kind) -> str:
    return "" if kind is Kind.KEY else answer.text


def _hidden_statuses(operation: Operation, kind: Kind) -> tuple[int, ...]:
    """Return what may be answered; a key of the vendor reads what it reads of the others."""
    rule, allowed = ACCESS[operation.name]
    denied = RULES[rule].get(kind)
    if denied is not None:
        return (denied, 404)
    return (*allowed, 404) if kind is Kind.KEY else (404,)


@pytest.mark.parametrize(
    ("owner", "stranger"),
    [(Kind.BUYER, Kind.OTHER_BUYER), (Kind.BUYER, Kind.GUEST), (Kind.GUEST, Kind.OTHER_BUYER)],
)
async def test_an_idempotency_key_of_somebody_else_answers_nothing(
    app: FastAPI, world: World, owner: Kind, stranger: Kind
) -> None:
    order = next(each for each in operations(app) if each.name == "POST /orders")
    line = {"product_id": world.ids["product_id"], "quantity": 1}
    body = {
        "items": [line],
        "shipping_name": "Sample",
        "shipping_phone": HOME.phone,
        "shipping_address": HOME.address,
        "shipping_city": HOME.city,
        "shipping_state": HOME.state,
        "customer_email": "somebody@example.com",
    }
    key = {"Idempotency-Key": "one-key-for-two"}
    first = await ask("POST", order.path, world.headers[owner] | key, body).of(app)
    second = await ask("POST", order.path, world.headers[stranger] | key, body).of(app)
    assert (first.status, second.status) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert "idempotent-replayed" not in second.headers


async def test_a_guests_order_belongs_to_that_session_alone(app: FastAPI, world: World) -> None:
    """Neither another session, nor no session, nor somebody signed in reads a guest's order."""
    place = next(each for each in operations(app) if each.name == "POST /orders")
    made = await ask("POST", place.path, world.headers[Kind.GUEST], world.body(place)).of(app)
    address = f"{place.path}/{made.json()['id']}"
    strangers = [
        {"Session-ID": "a-guest-session-2"},
        {"Session-ID": "A-GUEST-SESSION-1"},
        {"Session-ID": "a-guest-session-%"},
        world.headers[Kind.OTHER_BUYER],
        world.headers[Kind.OTHER_VENDOR],
    ]
    answers = [await ask("GET", address, headers).of(app) for headers in strangers]
    assert [answer.status for answer in answers] == [404] * len(strangers)
    lists = [await ask("GET", place.path, headers).of(app) for headers in strangers]
    assert [answer.json()["orders"] for answer in lists] == [[]] * len(strangers)
    own = await ask("GET", address, world.headers[Kind.GUEST]).of(app)
    assert own.json()["id"] == made.json()["id"]
