"""What is proposed for a product: by which rule, from which evidence, and what never is."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from mestore.accounts.types import UserType
from mestore.insights.service.rules.market import quartiles
from mestore.insights.service.rules.texts import cut
from mestore.insights.service.wording import WORDS
from mestore.insights.views.peers import NEWEST
from tests.build import Build, BuiltProduct
from tests.conftest import AsUser
from tests.insights.peers import GOOD, NAME, Market

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def market(build: Build) -> Market:
    """A category with nothing in it yet."""
    return Market(build, await build.category("Camisetas"))


@pytest.fixture
def ask(client: httpx2.AsyncClient, as_user: AsUser) -> Ask:
    """`await ask(product)` asks for proposals as its vendor; `found["NAME_SHORT"]` is one."""

    async def asked(product: BuiltProduct, language: str = "en") -> dict[str, Any]:
        headers = await as_user(product.vendor.owner) | {"Accept-Language": language}
        answer = await client.post(f"/products/{product.id}/optimize", headers=headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body | {each["code"]: each for each in body["proposals"]}

    return asked


async def test_a_good_product_gets_no_proposals(market: Market, ask: Ask) -> None:
    found = await ask(await market.subject())

    assert found["proposals"] == []
    assert (found["compared"], found["enriched"], found["enrichment"]) == (
        0,
        False,
        "NOT_CONFIGURED",
    )


async def test_what_matters_most_comes_first_with_reason_and_evidence(
    build: Build, ask: Ask
) -> None:
    product = await build.product(name="GORRA", price="20000")

    found = await ask(product)

    ranks = ["HIGH", "MEDIUM", "LOW"]
    order = [ranks.index(each["priority"]) for each in found["proposals"]]
    assert order == sorted(order)
    assert found["IMAGES_MISSING"]["priority"] == "HIGH"
    assert found["CATEGORY_MISSING"]["proposed"] is None
    assert found["NAME_SHORT"] == {
        "field": "name",
        "code": "NAME_SHORT",
        "priority": "MEDIUM",
        "current": "GORRA",
        "proposed": None,
        "reason": "The name has 5 letters; from 20 on it can say what, which and of whom.",
        "evidence": {"length": 5, "least": 20},
        "source": "RULES",
    }
    spanish = await ask(product, "es-CO")
    assert spanish["NAME_SHORT"]["reason"].startswith("El nombre tiene 5 letras")


@pytest.mark.parametrize(
    ("changes", "code", "proposed"),
    [
        (
            {"name": "CAMISETA NEGRA DE ALGODÓN NORTEÑA"},
            "NAME_SHOUTS",
            "Camiseta negra de algodón norteña",
        ),
        ({"name": "Camiseta negra"}, "NAME_SHORT", "Camiseta negra Norteña"),
        ({"name": "Camiseta negra " + "muy larga " * 12}, "NAME_LONG", None),
        (
            {"name": "Camiseta negra de algodón"},
            "NAME_WITHOUT_BRAND",
            "Camiseta negra de algodón Norteña",
        ),
        ({"description": None, "short_description": "x" * 80}, "DESCRIPTION_MISSING", None),
        ({"description": "Es muy bonita."}, "DESCRIPTION_SHORT", None),
        (
            {"short_description": None},
            "SHORT_DESCRIPTION_MISSING",
            "Camiseta de algodón peinado, suave y fresca, con costuras reforzadas.",
        ),
        ({"seo_title": None}, "SEO_TITLE_MISSING", NAME),
        (
            {"seo_title": "Camiseta negra de algodón Norteña para todos los días del año"},
            "SEO_TITLE_LONG",
            "Camiseta negra de algodón Norteña para todos los días del…",
        ),
        (
            {"seo_description": None},
            "SEO_DESCRIPTION_MISSING",
            "Camiseta de algodón peinado, suave y fresca, con costuras reforzadas. Se lava a "
            "máquina y no encoge. Cuello redondo, manga corta y corte recto para uso diario.",
        ),
        ({"slug": "producto-1"}, "SLUG_SAYS_NOTHING", "camiseta-negra-de-algodon-nortena"),
        (
            {"slug": "camiseta-" + "muy-" * 20 + "larga"},
            "SLUG_LONG",
            "camiseta-negra-de-algodon-nortena",
        ),
        ({"images": []}, "IMAGES_MISSING", None),
        ({"images": GOOD["images"][:1]}, "IMAGES_FEW", None),
        (
            {"images": [each | {"alt": None} for each in GOOD["images"]]},
            "IMAGES_WITHOUT_TEXT",
            {"picture-0": NAME, "picture-1": f"{NAME}, imagen 2", "picture-2": f"{NAME}, imagen 3"},
        ),
        ({"tags": []}, "TAGS_MISSING", None),
        ({"category": None}, "CATEGORY_MISSING", None),
        ({"cost_price_minor": 60_000_00}, "PRICE_BELOW_COST", None),
    ],
)
async def test_each_lack_is_told_with_what_can_be_computed(
    market: Market, ask: Ask, changes: dict[str, Any], code: str, proposed: object
) -> None:
    found = await ask(await market.subject(**changes))

    assert found[code]["proposed"] == proposed
    assert [each["code"] for each in found["proposals"]] == [code]


async def test_small_pictures_are_named(market: Market, ask: Ask) -> None:
    images = [GOOD["images"][0] | {"id": "tiny", "width": 300, "height": 200}, *GOOD["images"][1:]]

    found = await ask(await market.subject(images=images))

    assert found["IMAGES_SMALL"]["current"] == {"tiny": "300x200"}
    assert found["IMAGES_SMALL"]["evidence"] == {"count": 1, "least": 800}


async def test_an_address_that_another_product_has_is_not_proposed(
    market: Market, ask: Ask
) -> None:
    await market.subject(slug="camiseta-negra-de-algodon-nortena")

    found = await ask(await market.subject(slug="producto-1"))

    assert found["SLUG_SAYS_NOTHING"]["proposed"] is None


async def test_a_price_above_three_quarters_is_told_the_median(market: Market, ask: Ask) -> None:
    peers = await market.peers(30_000, 31_000, 32_050, 34_000, 900_000)

    found = await ask(await market.subject(price="50000"))

    assert found["compared"] == 5
    evidence = found["PRICE_HIGH"]["evidence"]
    assert set(evidence.pop("product_ids")) == {str(peer.id) for peer in peers}
    assert evidence == {
        "compared": 5,
        "median": 32050,
        "lower_quartile": 31000,
        "upper_quartile": 34000,
    }
    assert found["PRICE_HIGH"]["current"] == 50000
    assert found["PRICE_HIGH"]["proposed"] == 32100


async def test_a_price_below_three_quarters_is_told_the_lower_quartile(
    market: Market, ask: Ask
) -> None:
    await market.peers(30_000, 31_000, 32_050, 34_000, 900_000)

    found = await ask(await market.subject(price="20000"))

    assert found["PRICE_LOW"]["proposed"] == 31000
    assert "PRICE_HIGH" not in found


@pytest.mark.parametrize(
    ("price", "cost_minor", "code", "proposed"),
    [
        ("50000", 41_250_50, "PRICE_HIGH", 41_300),
        ("50000", 49_999_00, None, None),
        ("50000", 50_000_00, None, None),
        ("20000", 25_000_00, "PRICE_BELOW_COST", 32_000),
        ("20000", 40_000_00, "PRICE_BELOW_COST", None),
    ],
)
async def test_no_price_below_the_cost_is_proposed(
    market: Market,
    ask: Ask,
    price: str,
    cost_minor: int,
    code: str | None,
    proposed: int | None,
) -> None:
    await market.peers(30_000, 31_000, 32_000, 34_000, 35_000)

    found = await ask(await market.subject(price=price, cost_price_minor=cost_minor))

    told = [each for each in found["proposals"] if each["field"] == "price"]
    assert [(each["code"], each["proposed"]) for each in told] == (
        [(code, proposed)] if code else []
    )


async def test_too_few_products_or_shops_say_nothing_of_a_price(
    market: Market, build: Build, ask: Ask
) -> None:
    await market.peers(10_000, 10_000, 10_000, 10_000)
    product = await market.subject(price="50000")
    assert (await ask(product))["proposals"] == []
    # One's own shop, what nobody sees, and what is something else say nothing either.
    await market.peers(10_000, vendor=product.vendor)
    await market.peers(10_000, is_public=False)
    await market.peers(10_000, name="Taladro percutor inalámbrico")
    assert (await ask(product))["proposals"] == []
    await market.peers(10_000)
    assert "PRICE_HIGH" in await ask(product)


async def test_one_shop_alone_moves_nobody(market: Market, build: Build, ask: Ask) -> None:
    await market.peers(*[10_000] * 20, vendor=await build.vendor())

    assert (await ask(await market.subject()))["proposals"] == []


async def test_tags_come_from_several_shops_that_sell(market: Market, ask: Ask) -> None:
    await market.peers(50_000, 50_000, sold=True, tags=["Algodón", "camiseta", "unisex"])
    await market.peers(50_000, sold=True, tags=["verano", "ALGODÓN"])
    await market.peers(50_000, 50_000, tags=["saldo"])

    found = await ask(await market.subject())

    assert found["TAGS_OF_SIMILAR"]["proposed"] == ["camiseta", "algodón", "unisex"]
    assert found["TAGS_OF_SIMILAR"]["evidence"] == {"shops": {"algodón": 3, "unisex": 2}}


async def test_words_that_most_similar_names_have_are_told(market: Market, ask: Ask) -> None:
    await market.peers(*[50_000] * 4, name="Camiseta negra algodón cuellos redondos")
    await market.peers(50_000, name="Camiseta negra de algodón con bolsillo")

    found = await ask(await market.subject())

    assert found["NAME_WITHOUT_USUAL_WORDS"]["proposed"] is None
    assert found["NAME_WITHOUT_USUAL_WORDS"]["evidence"] == {
        "words": ["cuellos", "redondos"],
        "compared": 5,
    }


@pytest.mark.parametrize("has_category", [False, True])
async def test_the_category_of_most_similar_products_is_proposed(
    market: Market, build: Build, ask: Ask, has_category: bool
) -> None:
    elsewhere = await build.category("Gorras") if has_category else None
    await market.index(*await market.peers(*[50_000] * 5, name=NAME))

    found = await ask(await market.subject(category=elsewhere))

    told = found["CATEGORY_OF_SIMILAR" if has_category else "CATEGORY_MISSING"]
    assert told["proposed"] == {
        "id": str(market.category.id),
        "name": "Camisetas",
        "slug": market.category.slug,
    }
    assert told["evidence"] == {"share": 100, "compared": 5}
    assert told["priority"] == ("LOW" if has_category else "HIGH")


@pytest.mark.slow
async def test_search_finds_what_is_like_it_among_many(
    market: Market, build: Build, ask: Ask
) -> None:
    old = await market.peers(*[30_000] * 5, name=NAME)
    await market.index(*old)
    await market.fill(NEWEST, name="Gorra azul")

    found = await ask(await market.subject(price="50000"))

    assert found["PRICE_HIGH"]["evidence"]["compared"] == 5


async def test_nobody_elses_product_is_looked_into(
    client: httpx2.AsyncClient, build: Build, market: Market, as_user: AsUser
) -> None:
    product = await market.subject()
    path = f"/products/{product.slug}/optimize"
    other = await as_user((await build.vendor()).owner)
    answer = await client.post(f"/products/{product.id}/optimize", headers=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "PRODUCT_NOT_FOUND")
    buyer = await as_user(await build.user())
    assert (await client.post(f"/products/{product.id}/optimize", headers=buyer)).status_code == 403
    assert (await client.post(path)).status_code == 401
    admin = await as_user(await build.user(UserType.ADMIN))
    path = f"/products/{GOOD['slug']}/optimize"
    assert (await client.post(path, headers=admin)).json()["product_id"] == str(product.id)
    missing = await client.post("/products/no-such-thing/optimize", headers=admin)
    assert missing.status_code == 404


async def test_more_products_take_no_more_statements(
    market: Market, ask: Ask, statements: list[str]
) -> None:
    product = await market.subject()
    await market.peers(50_000)
    # The vocabulary is read once.
    await ask(product)
    taken = []
    for number in (1, 20):
        await market.peers(*[50_000] * number)
        statements.clear()
        await ask(product)
        taken.append(len([each for each in statements if each.startswith("SELECT")]))

    assert taken[0] == taken[1] <= 20


def test_quartiles_are_those_of_the_inclusive_method() -> None:
    assert quartiles([7]) == (7, 7, 7)
    assert quartiles([1, 2, 3, 4, 5]) == (2, 3, 4)
    assert quartiles([10, 40, 20, 30]) == (18, 25, 33)


def test_texts_are_cut_between_words() -> None:
    assert cut("uno  dos\ntres", 20) == "uno dos tres"
    assert cut("uno dos, tres cuatro", 12) == "uno dos…"
    assert cut("x" * 30, 10) == "x" * 9 + "…"


def test_every_proposal_has_words_in_both_languages() -> None:
    for english, spanish in WORDS.values():
        assert english != spanish
