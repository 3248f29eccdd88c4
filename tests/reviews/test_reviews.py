"""Reviews: who may write one, what a product's rating comes to, and who may hide them."""

import asyncio
import base64

import httpx2
import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.catalog.models import Product
from mestore.checkout.types import Outside
from mestore.orders.models import OrderItem
from mestore.reviews.service import ReviewService
from mestore.reviews.types import REASONS_SHOWN, Opinion, ReviewStatus
from tests.build import Build, BuiltProduct, BuiltUser
from tests.checkout.problems import problem
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser
from tests.refunds.desk import ask_back, of_line

BODY = {"rating": 4, "title": "Buena", "comment": "Llegó a tiempo."}


async def buys(till: Till, product: BuiltProduct, *, arrives: bool = True) -> BuiltUser:
    buyer = await till.build.user()
    order = await till.place(product, owner=owner_of(buyer))
    await till.settle_approved(order)
    if arrives:
        await till.deliver(order)
    return buyer


async def rating(till: Till, product: BuiltProduct) -> tuple[int, int]:
    query = select(Product.rating_sum, Product.rating_count).where(Product.id == product.id)
    async with till.database.read() as connection:
        total, count = (await connection.execute(query)).one()
    return total, count


async def test_only_who_received_it_reviews_it_and_once_an_order(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product()
    path = f"/products/{product.id}/reviews"
    waiting = await as_user(await buys(till, product, arrives=False))
    has_it = await as_user(await buys(till, product))

    problem(await client.post(path, json=BODY), 401, "UNAUTHORIZED")
    problem(await client.post(path, headers=waiting, json=BODY), 403, "NOT_BOUGHT")
    for wrong in (0, 6, "5", 4.5):
        answer = await client.post(path, headers=has_it, json=BODY | {"rating": wrong})
        assert answer.status_code == 422
    answer = await client.post(path, headers=has_it, json=BODY)
    assert answer.status_code == 201, answer.text
    assert answer.json()["author"].startswith("Sample P")
    problem(await client.post(path, headers=has_it, json=BODY), 409, "ALREADY_REVIEWED")
    shown = (await client.get(path)).json()
    assert [one["id"] for one in shown["reviews"]] == [answer.json()["id"]]
    assert shown["average"] == 4.0
    assert shown["distribution"] == {"5": 0, "4": 1, "3": 0, "2": 0, "1": 0}
    assert await rating(till, product) == (4, 1)


async def test_nobody_reviews_what_they_sell_themselves(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product()
    owner = product.vendor.owner
    order = await till.place(product, owner=owner_of(owner))
    await till.settle_approved(order)
    await till.deliver(order)

    path, headers = f"/products/{product.id}/reviews", await as_user(owner)
    problem(await client.post(path, headers=headers, json=BODY), 403, "OWN_PRODUCT")
    assert await rating(till, product) == (0, 0)


async def test_what_was_given_back_before_it_was_sent_is_not_reviewed(
    till: Till, outside: Outside, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    kept, buyer = await till.build.product(), await till.build.user()
    gone = await till.build.product(vendor=kept.vendor)
    order = await till.place(kept, gone, owner=owner_of(buyer))
    await till.settle_approved(order)
    line = select(OrderItem.id).where(OrderItem.product_id == gone.id)
    async with till.database.read() as connection:
        item_id = (await connection.execute(line)).scalar_one()
    await ask_back(outside, order.id, of_line(item_id))
    await till.deliver(order)
    headers = await as_user(buyer)

    answer = await client.post(f"/products/{gone.id}/reviews", headers=headers, json=BODY)
    problem(answer, 403, "NOT_BOUGHT")
    assert await rating(till, gone) == (0, 0)
    answer = await client.post(f"/products/{kept.id}/reviews", headers=headers, json=BODY)
    assert answer.status_code == 201, answer.text


async def test_the_list_and_the_product_say_the_same_average(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product(stock=20)
    for stars in (4, 4, 4, 4, 4, 4, 4, 5):
        buyer = await buys(till, product)
        async with till.database.transaction() as tx:
            await ReviewService(tx).add(product.id, buyer.id, Opinion(stars, None, None))

    listed = (await client.get(f"/products/{product.id}/reviews")).json()
    shown = (await client.get(f"/products/{product.id}")).json()
    assert (listed["average"], listed["count"]) == (4.13, 8)
    assert shown["rating"] == {"average": 4.13, "count": 8}


async def test_rivals_leave_the_rating_exact(till: Till) -> None:
    product = await till.build.product(stock=20)
    buyers = [await buys(till, product) for _ in range(5)]

    async def add(buyer: BuiltUser, stars: int) -> int:
        async with till.database.transaction() as tx:
            return await ReviewService(tx).add(product.id, buyer.id, Opinion(stars, None, None))

    async def hide(review_id: int) -> None:
        async with till.database.transaction() as tx:
            await ReviewService(tx).moderate(review_id, ReviewStatus.HIDDEN, "spam")

    ids = await asyncio.gather(
        *(add(buyer, stars) for stars, buyer in enumerate(buyers, 1)),
        *(add(buyer, 1) for buyer in buyers),
        return_exceptions=True,
    )
    kept = [one for one in ids if isinstance(one, int)]
    assert len(kept) == 5
    assert (await rating(till, product))[1] == 5
    await asyncio.gather(hide(kept[0]), hide(kept[0]), hide(kept[1]))
    assert (await rating(till, product))[1] == 3
    assert await till.doctor() == []


async def test_its_author_edits_and_deletes_it_and_nobody_else(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product()
    author, other = (
        await as_user(await buys(till, product)),
        await as_user(await buys(till, product)),
    )
    made = await client.post(f"/products/{product.id}/reviews", headers=author, json=BODY)
    path = f"/reviews/{made.json()['id']}"

    changed = BODY | {"rating": 1}
    problem(await client.put(path, headers=other, json=changed), 404, "REVIEW_NOT_FOUND")
    problem(await client.delete(path, headers=other), 404, "REVIEW_NOT_FOUND")
    assert (await client.put(path, headers=author, json=changed)).json()["rating"] == 1
    assert await rating(till, product) == (1, 1)
    assert (await client.delete(path, headers=author)).status_code == 204
    assert await rating(till, product) == (0, 0)


async def test_readers_mark_once_the_vendor_answers_and_staff_hides(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product()
    author = await as_user(await buys(till, product))
    reader = await as_user(await till.build.user())
    admin = await as_user(await till.build.user(UserType.ADMIN))
    listing = f"/products/{product.id}/reviews"
    made = await client.post(listing, headers=author, json=BODY)
    path = f"/reviews/{made.json()['id']}"

    problem(await client.post(f"{path}/helpful", headers=author), 409, "OWN_REVIEW")
    for _ in range(2):
        assert (await client.post(f"{path}/helpful", headers=reader)).status_code == 200
        told = await client.post(f"{path}/report", headers=reader, json={"reason": "Grosero"})
        assert told.status_code == 200
    stranger = await as_user((await till.build.vendor()).owner)
    problem(
        await client.post(f"{path}/reply", headers=stranger, json={"text": "No"}),
        404,
        "REVIEW_NOT_FOUND",
    )
    vendor = await as_user(product.vendor.owner)
    answer = await client.post(f"{path}/reply", headers=vendor, json={"text": "Gracias"})
    assert (answer.json()["reply"], answer.json()["helpful_count"]) == ("Gracias", 1)
    assert answer.json()["report_count"] == 0, "who reported it is the operator's business"
    reported = await client.get("/admin/reviews?reported=true", headers=admin)
    (one,) = reported.json()["reviews"]
    assert (one["report_count"], one["report_reasons"]) == (1, ["Grosero"])

    for status, count in (("HIDDEN", 0), ("HIDDEN", 0), ("VISIBLE", 1)):
        body = {"status": status, "reason": "Checked"}
        answer = await client.put(f"/admin{path}", headers=admin, json=body)
        assert answer.json()["status"] == status, answer.text
        for sort in ("newest", "helpful", "rating", "-rating"):
            shown = (await client.get(f"{listing}?sort={sort}")).json()
            assert (shown["count"], len(shown["reviews"])) == (count, count)
        assert (await rating(till, product))[1] == count


async def test_staff_reads_the_newest_reasons_of_each_report(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser, statements: list[str]
) -> None:
    product = await till.build.product(stock=20)
    paths = []
    for _ in range(2):
        author = await as_user(await buys(till, product))
        made = await client.post(f"/products/{product.id}/reviews", headers=author, json=BODY)
        paths.append(f"/reviews/{made.json()['id']}")
    admin = await as_user(await till.build.user(UserType.ADMIN))

    async def reasons() -> tuple[list[list[str]], int]:
        statements.clear()
        shown = (await client.get("/admin/reviews", headers=admin)).json()["reviews"]
        return [one["report_reasons"] for one in shown], len(statements)

    none, before = await reasons()
    for n in range(REASONS_SHOWN + 1):
        reader = await as_user(await till.build.user())
        for path in paths[: 1 + n]:
            await client.post(f"{path}/report", headers=reader, json={"reason": f"{path} {n}"})
    some, after = await reasons()

    newest = [str(n) for n in range(REASONS_SHOWN, 0, -1)]
    assert none == [[], []]
    assert some == [[f"{path} {n}" for n in newest] for path in reversed(paths)]
    assert before == after


async def test_a_hidden_review_is_not_shown_by_writing_it_again(
    till: Till, client: httpx2.AsyncClient, as_user: AsUser
) -> None:
    product = await till.build.product()
    author = await as_user(await buys(till, product))
    admin = await as_user(await till.build.user(UserType.ADMIN))
    listing = f"/products/{product.id}/reviews"
    made = (await client.post(listing, headers=author, json=BODY)).json()
    path, hidden = f"/reviews/{made['id']}", {"status": "HIDDEN", "reason": "Insults"}
    await client.put(f"/admin{path}", headers=admin, json=hidden)

    assert (await client.delete(path, headers=author)).status_code == 204

    problem(await client.delete(path, headers=author), 404, "REVIEW_NOT_FOUND")
    problem(await client.post(listing, headers=author, json=BODY), 409, "ALREADY_REVIEWED")
    (left,) = (await client.get("/admin/reviews", headers=admin)).json()["reviews"]
    assert (left["status"], left["moderation_reason"]) == ("HIDDEN", "Insults")
    assert (left["author"], left["title"], left["comment"], left["reply"]) == ("", None, None, None)
    assert (await client.delete(path, headers=admin)).status_code == 204
    assert (await client.post(listing, headers=author, json=BODY)).status_code == 201
    assert await rating(till, product) == (4, 1)


async def test_pages_follow_one_another_without_a_gap(
    till: Till, client: httpx2.AsyncClient
) -> None:
    product = await till.build.product(stock=20)
    for stars in (2, 5, 3):
        buyer = await buys(till, product)
        async with till.database.transaction() as tx:
            await ReviewService(tx).add(product.id, buyer.id, Opinion(stars, None, None))

    seen, cursor = [], ""
    for _ in range(3):
        page = await client.get(f"/products/{product.id}/reviews?sort=rating&per_page=1{cursor}")
        seen += [one["rating"] for one in page.json()["reviews"]]
        cursor = f"&cursor={page.json()['pagination']['next']}"

    assert seen == [5, 3, 2]


@pytest.mark.parametrize("value", [32768, -32769])
async def test_a_cursor_with_a_rating_that_no_review_has_is_422(
    client: httpx2.AsyncClient, build: Build, value: int
) -> None:
    product = await build.product()
    cursor = base64.urlsafe_b64encode(f'["-rating",true,2,{value},5]'.encode()).decode().rstrip("=")

    answer = await client.get(f"/products/{product.id}/reviews?sort=rating&cursor={cursor}")

    problem(answer, 422, "INVALID_PAGE")


async def test_erasure_leaves_the_review_without_a_name(till: Till) -> None:
    product = await till.build.product()
    buyer = await buys(till, product)
    async with till.database.transaction() as tx:
        await ReviewService(tx).add(product.id, buyer.id, Opinion(5, None, None))

    async with till.database.transaction() as tx:
        await ReviewService(tx).forget(buyer.id)

    assert await rating(till, product) == (5, 1)
    assert await till.doctor() == []
