"""One user's things, asked for by somebody else in the same role: never shown, never changed."""

from fastapi import FastAPI

from mestore.kernel.db import Database
from tests.security.access import ACCESS, RULES
from tests.security.asking import Answer, ask
from tests.security.operations import Operation, operations
from tests.security.world import HOME, Kind, World, checksums

STRANGERS = (Kind.ANONYMOUS, Kind.GUEST, Kind.OTHER_BUYER, Kind.OTHER_VENDOR, Kind.KEY)


async def test_nothing_of_others_is_in_any_answer(app: FastAPI, world: World) -> None:
    wrong = []
    for kind in STRANGERS:
        for operation in operations(app):
            for target in _targets(operation, world):
                wrong.append(await _what_leaks(app, world, kind, operation, target))
    assert not any(wrong), "\n".join(line for line in wrong if line)


async def _what_leaks(
    app: FastAPI, world: World, kind: Kind, operation: Operation, target: str
) -> str:
    # Who sends the buyer's password is the buyer.
    body = None if operation.name == "POST /auth/login" else world.body(operation)
    answer = await ask(operation.method, target, world.headers[kind], body).of(app)
    fault = _fault(world, answer)
    return fault and f"{kind} {operation.method} {target}: {fault}"


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
        "vendor_id": (str(world.vendor.id),),
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


async def test_what_is_not_public_is_not_there_for_strangers(
    app: FastAPI, database: Database, world: World
) -> None:
    """A product that waits for approval: only its vendor, its vendor's keys and staff see it."""
    before, wrong = await checksums(database), []
    for kind in STRANGERS:
        for operation in operations(app):
            if "product_id" in operation.named("path"):
                wrong.append(await _what_shows(app, world, kind, operation))
    assert not any(wrong), "\n".join(line for line in wrong if line)
    after = await checksums(database)
    assert [name for name in before if before[name] != after[name]] == []


async def _what_shows(app: FastAPI, world: World, kind: Kind, operation: Operation) -> str:
    for key in (str(world.hidden.id), world.hidden.slug):
        target = operation.target(world.ids, product_id=key)
        sent = ask(operation.method, target, world.headers[kind], world.body(operation))
        answer = await sent.of(app)
        is_right = answer.status in _hidden_statuses(operation, kind)
        if not is_right or "Zarza" in _told(answer, kind):
            return f"{kind} {operation.method} {target}: {answer.status} {answer.text[:200]}"
    return ""


def _told(answer: Answer, kind: Kind) -> str:
    return "" if kind is Kind.KEY else answer.text


def _hidden_statuses(operation: Operation, kind: Kind) -> tuple[int, ...]:
    """Return what may be answered; a key of the vendor reads what it reads of the others."""
    rule, allowed = ACCESS[operation.name]
    denied = RULES[rule].get(kind)
    if denied is not None:
        return (denied, 404)
    return (*allowed, 404) if kind is Kind.KEY else (404,)


async def test_an_idempotency_key_of_somebody_else_answers_nothing(
    app: FastAPI, world: World
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
    made = [
        await ask("POST", order.path, world.headers[kind] | key, body).of(app)
        for kind in (Kind.BUYER, Kind.OTHER_BUYER, Kind.GUEST)
    ]
    assert [answer.status for answer in made] == [201] * 3
    assert len({answer.json()["id"] for answer in made}) == 3
    again = await ask("POST", order.path, world.headers[Kind.BUYER] | key, body).of(app)
    assert again.json() == made[0].json()


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
