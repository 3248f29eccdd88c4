"""Collection files: whole or not at all, once, and the same fact as an online confirmation."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.payments.adapters.efecty_wire import collection_of
from mestore.payments.service import CashService
from mestore.payments.vouchers import CashSource
from simulators.efecty.messages import Fields, Trailer, collection
from tests.checkout.efecty.counter import OPEN, PAID, TOTAL, Counter
from tests.conftest import AsUser

PATH = "/admin/payments/efecty/collections"


def file_of(*paid: Fields, trailer: Trailer = "right") -> bytes:
    """The file of some payments, its zeros stripped as the network does."""
    return collection(paid, trailer, strip_zeros=True).encode()


class Clerk:
    """A member of staff who posts files."""

    def __init__(self, counter: Counter, headers: dict[str, str]) -> None:
        self.counter = counter
        self.headers = headers

    async def posts(self, content: bytes, **headers: str) -> httpx2.Response:
        kind = {"Content-Type": "text/plain"}
        return await self.counter.client.post(
            PATH, content=content, headers=self.headers | kind | headers
        )

    async def results(self, content: bytes) -> list[str]:
        answer = await self.posts(content)
        assert answer.status_code == 200, answer.text
        lines: list[dict[str, Any]] = answer.json()["lines"]
        assert [line["line"] for line in lines] == sorted(line["line"] for line in lines)
        return [line["result"] for line in lines]


@pytest.fixture
async def clerk(counter: Counter, as_user: AsUser) -> Clerk:
    return Clerk(counter, await as_user(await counter.till.build.user(user_type=UserType.ADMIN)))


async def test_a_file_pays_its_orders_and_says_so_line_by_line(
    counter: Counter, clerk: Clerk
) -> None:
    other = await counter.till.place(await counter.till.build.product(price="45000", stock=1))
    one, two = await counter.voucher(), await counter.voucher(other)
    await counter.tell(one["reference"])
    content = file_of(
        counter.fields(two["reference"], autorizacion="B2", valor=other.draft.total_minor // 100),
        counter.fields(one["reference"]),
        counter.fields(one["reference"], valor=20_000),
        counter.fields("110000999990", autorizacion="C3"),
        counter.fields(two["reference"], autorizacion="B2", valor=other.draft.total_minor // 100),
    )

    assert await clerk.results(content) == [
        "POSTED",
        "REPEATED",
        "DIFFERS",
        "UNKNOWN",
        "REPEATED",
    ]

    await counter.run_jobs()
    assert await counter.stands() == PAID
    assert await counter.till.stands(other.id) == PAID
    assert [kind for kind, *_ in await counter.till.queues()] == ["ORPHAN"]
    balance = (await counter.till.balances())["gateway:efecty"]
    assert balance == 2 * TOTAL + other.draft.total_minor
    assert await counter.till.doctor() == []


async def test_the_same_file_is_refused_the_second_time(counter: Counter, clerk: Clerk) -> None:
    voucher = await counter.voucher()
    content = file_of(counter.fields(voucher["reference"]))
    first = await clerk.posts(content, **{"Idempotency-Key": "file-1"})
    assert first.json()["total"] == TOTAL // 100
    rows = await counter.rows()

    again = await clerk.posts(content)
    assert (again.status_code, again.json()["code"]) == (409, "COLLECTION_POSTED")
    replayed = await clerk.posts(content, **{"Idempotency-Key": "file-1"})
    assert (replayed.status_code, replayed.json()) == (200, first.json())
    other = await clerk.posts(content + b"\n", **{"Idempotency-Key": "file-1"})
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await counter.rows() == rows
    # Told once more inside another file, the payment is the same one.
    assert await clerk.results(content + b"\r\n") == ["REPEATED"]
    assert await counter.rows() == rows


async def test_a_file_comes_as_a_form_too(counter: Counter, clerk: Clerk) -> None:
    voucher = await counter.voucher()
    content = file_of(counter.fields(voucher["reference"]))
    form = {"file": ("FTP20261121.txt", content, "text/plain")}
    answer = await counter.client.post(PATH, files=form, headers=clerk.headers)
    assert answer.status_code == 200, answer.text
    assert [line["result"] for line in answer.json()["lines"]] == ["POSTED"]
    empty = await counter.client.post(
        PATH, files={"file": ("x", b"", "text/plain")}, headers=clerk.headers
    )
    assert (empty.status_code, empty.json()["code"]) == (422, "COLLECTION_UNREADABLE")


@pytest.mark.parametrize(
    ("spoil", "status", "code"),
    [
        (lambda good: good.replace(b'"03"|1', b'"03"|2'), 422, "COLLECTION_TRAILER_WRONG"),
        (lambda good: good[: good.index(b'"03"')], 422, "COLLECTION_UNREADABLE"),
        (lambda good: good.decode().encode("utf-16"), 422, "COLLECTION_UNREADABLE"),
        (lambda good: good.replace(b"A1", b"A-1"), 422, "COLLECTION_LINE_INVALID"),
        (lambda good: good * 10_000, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_a_bad_file_posts_nothing(
    counter: Counter,
    clerk: Clerk,
    spoil: Callable[[bytes], bytes],
    status: int,
    code: str,
) -> None:
    voucher = await counter.voucher()
    good = file_of(counter.fields(voucher["reference"]))

    answer = await clerk.posts(spoil(good))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    await counter.run_jobs()
    assert (await counter.rows())[1:] == (0, 0)
    assert await counter.stands() == OPEN
    # The whole file can be sent once it is right.
    assert await clerk.results(good) == ["POSTED"]


async def test_only_staff_post_files(counter: Counter, as_user: AsUser) -> None:
    voucher = await counter.voucher()
    content = file_of(counter.fields(voucher["reference"]))
    buyer = await as_user(await counter.till.build.user())
    for headers, status in (({}, 401), (buyer, 403)):
        answer = await counter.client.post(PATH, content=content, headers=headers)
        assert answer.status_code == status
    assert (await counter.rows())[1:] == (0, 0)


async def test_a_file_sent_twice_at_once_is_posted_once(counter: Counter, clerk: Clerk) -> None:
    voucher = await counter.voucher()
    content = file_of(counter.fields(voucher["reference"]))

    answers = await asyncio.gather(*(clerk.posts(content) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    await counter.run_jobs()
    assert await counter.rows() == (1, 1, 1)
    assert await counter.stands() == PAID


async def test_a_file_whose_posting_broke_off_is_posted_to_its_end(
    counter: Counter, clerk: Clerk
) -> None:
    other = await counter.till.place(await counter.till.build.product(price="45000", stock=1))
    one, two = await counter.voucher(), await counter.voucher(other)
    first = counter.fields(one["reference"])
    second = counter.fields(two["reference"], valor=other.draft.total_minor // 100)
    # What the process had posted when it died: lines, but not yet the file.
    async with counter.till.database.transaction() as tx:
        (line,) = collection_of(file_of(first)).lines
        await CashService(tx).confirm(line.payment, CashSource.FILE, line.text.encode())

    assert await clerk.results(file_of(first, second)) == ["REPEATED", "POSTED"]
    await counter.run_jobs()
    assert await counter.stands() == PAID
    assert await counter.till.stands(other.id) == PAID
