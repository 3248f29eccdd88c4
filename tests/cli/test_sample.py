"""The sample shop is complete, consistent and drawn the same every time."""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable

import msgspec
import phonenumbers
import pytest
from PIL import Image, ImageChops

from mestore.cli.sample.catalog import SampleCatalog, SampleCategory, SampleProduct, load_catalog
from mestore.cli.sample.icons import ICONS
from mestore.cli.sample.images import HUES, SIZES, render_all, render_image
from mestore.cli.sample.lettering import draw_centred, width_of

CATALOG = load_catalog()
PRODUCTS = CATALOG.products
WITH_VARIANTS = [product for product in PRODUCTS if product.variants]
NIT_WEIGHTS = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)


def repeated(values: Iterable[object]) -> list[object]:
    return [value for value, times in Counter(values).items() if times > 1]


def skus() -> list[str]:
    return [sku for p in PRODUCTS for sku in (p.sku, *(v.sku for v in p.variants))]


def prices() -> list[int]:
    own = [variant.price for p in PRODUCTS for variant in p.variants if variant.price is not None]
    before = [p.compare_at_price for p in PRODUCTS if p.compare_at_price is not None]
    return [*(p.price for p in PRODUCTS), *own, *before]


def check_digit(number: str) -> int:
    rest = sum(int(n) * w for n, w in zip(reversed(number), NIT_WEIGHTS, strict=False)) % 11
    return rest if rest < 2 else 11 - rest


def test_the_shop_has_twelve_categories_ten_vendors_and_two_hundred_products() -> None:
    counts = (len(CATALOG.categories), len(CATALOG.vendors), len(PRODUCTS))
    assert counts == (12, 10, 200)


def test_no_sku_is_used_twice() -> None:
    assert repeated(skus()) == []


def test_skus_are_upper_case_ascii_with_dashes() -> None:
    assert [sku for sku in skus() if not re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", sku)] == []


def test_category_slugs_are_unique_and_fit_a_url() -> None:
    slugs = [category.slug for category in CATALOG.categories]
    assert repeated(slugs) == []
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


def test_every_category_and_every_vendor_has_products() -> None:
    assert {p.category for p in PRODUCTS} == {c.slug for c in CATALOG.categories}
    assert {p.vendor for p in PRODUCTS} == {v.key for v in CATALOG.vendors}


def test_every_vendor_has_a_known_primary_category_and_sells_in_it() -> None:
    sold = {(p.vendor, p.category) for p in PRODUCTS}
    assert [v.key for v in CATALOG.vendors if (v.key, v.primary_category) not in sold] == []


@pytest.mark.parametrize("field", ["key", "email", "business_name", "nit", "phone"])
def test_no_two_vendors_share_an_identity(field: str) -> None:
    assert repeated(getattr(vendor, field) for vendor in CATALOG.vendors) == []


def test_vendor_addresses_cannot_reach_a_real_mailbox() -> None:
    assert [v.email for v in CATALOG.vendors if not v.email.endswith("@example.com")] == []


@pytest.mark.parametrize(
    ("number", "digit"),
    [("800197268", 4), ("899999068", 1), ("830037248", 0), ("890903938", 8)],
)
def test_the_check_digit_rule_agrees_with_known_numbers(number: str, digit: int) -> None:
    assert check_digit(number) == digit


def test_every_nit_ends_in_its_check_digit() -> None:
    for vendor in CATALOG.vendors:
        number, _, digit = vendor.nit.partition("-")
        assert re.fullmatch(r"900\d{6}", number)
        assert digit == str(check_digit(number)), vendor.nit


def test_vendor_phones_are_valid_colombian_mobiles() -> None:
    for vendor in CATALOG.vendors:
        number = phonenumbers.parse(vendor.phone, None)
        assert re.fullmatch(r"\+573\d{9}", vendor.phone)
        assert phonenumbers.is_valid_number_for_region(number, "CO"), vendor.phone
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def test_prices_are_whole_hundreds_of_pesos_in_a_believable_range() -> None:
    assert all(type(price) is int and price % 100 == 0 for price in prices())
    assert min(prices()) == 5_900
    assert 6_000_000 < max(p.price for p in PRODUCTS) <= 6_500_000


def test_a_former_price_is_above_everything_the_product_costs_now() -> None:
    for p in PRODUCTS:
        dearest = max([p.price, *(v.price or 0 for v in p.variants)])
        assert p.compare_at_price is None or p.compare_at_price > dearest, p.sku


def test_most_products_pay_the_general_tax_rate_and_some_the_other_two() -> None:
    rates = Counter(p.tax_rate for p in PRODUCTS)
    assert set(rates) == {0, 5, 19}
    assert rates[19] > 150


def test_coffee_is_taxed_at_five_and_books_at_zero() -> None:
    assert {p.tax_rate for p in PRODUCTS if p.sku.startswith("CAF-CAFE-")} == {5}
    assert {p.tax_rate for p in PRODUCTS if "-LIBRO-" in p.sku} == {0}


def test_at_least_sixty_products_have_two_to_six_variants() -> None:
    assert len(WITH_VARIANTS) >= 60
    assert {len(p.variants) for p in WITH_VARIANTS} <= set(range(2, 7))


def test_some_variants_have_a_price_of_their_own() -> None:
    assert sum(any(v.price for v in p.variants) for p in WITH_VARIANTS) >= 10


def test_variants_answer_every_option_of_their_product_once() -> None:
    for p in WITH_VARIANTS:
        choices = [tuple(filter(None, (v.option1, v.option2))) for v in p.variants]
        assert {len(choice) for choice in choices} == {len(p.options)}, p.sku
        assert repeated(choices) == []
        assert [v.title for v in p.variants] == [" / ".join(choice) for choice in choices]


def test_only_products_with_variants_have_options() -> None:
    assert [p.sku for p in PRODUCTS if bool(p.options) != bool(p.variants)] == []


def test_the_stock_of_a_product_is_the_sum_of_its_variants() -> None:
    assert [p.sku for p in WITH_VARIANTS if p.stock != sum(v.stock for v in p.variants)] == []


def test_a_few_products_are_sold_out_and_a_few_are_the_last_one() -> None:
    stocks = Counter(p.stock for p in PRODUCTS)
    assert 2 <= stocks[0] <= 10
    assert 2 <= stocks[1] <= 10
    assert all(3 <= stock <= 120 for stock in stocks if stock not in (0, 1))


@pytest.mark.parametrize(
    "field", ["name", "short_description", "description", "seo_title", "seo_description"]
)
def test_no_two_products_share_a_text(field: str) -> None:
    assert repeated(getattr(p, field).casefold() for p in PRODUCTS) == []


def test_no_sentence_of_a_description_is_used_twice() -> None:
    sentences = [s for p in PRODUCTS for s in re.split(r"(?<=[.;:])\s+", p.description)]
    assert repeated(sentences) == []


def test_descriptions_are_one_to_three_sentences_that_add_to_the_summary() -> None:
    for p in PRODUCTS:
        assert 1 <= len(re.findall(r"[.!?](?=\s[A-ZÁÉÍÓÚ]|$)", p.description)) <= 3, p.sku
        assert p.short_description not in p.description


def test_texts_for_search_engines_fit_a_result_page() -> None:
    pages: list[SampleCategory | SampleProduct] = [*CATALOG.categories, *PRODUCTS]
    assert [page.seo_title for page in pages if len(page.seo_title) > 60] == []
    assert [page.seo_description for page in pages if len(page.seo_description) > 160] == []


def test_every_brand_says_that_it_is_a_sample() -> None:
    brands = {p.brand for p in PRODUCTS}
    assert [b for b in brands if not re.search(r"Ejemplo|Demo|Muestra", b)] == []


@pytest.mark.parametrize(
    "word",
    ["nevera", "tenis", "morral", "esfero", "audífonos", "cobija", "saco", "freidora", "tetero"],
)
def test_a_colombian_word_finds_something(word: str) -> None:
    assert any(word in p.name.casefold() for p in PRODUCTS)


def test_weights_and_sizes_are_positive() -> None:
    for p in PRODUCTS:
        size = p.dimensions
        assert min(p.weight, size.length, size.width, size.height) > 0, p.sku


def test_the_catalogue_cannot_be_changed_by_a_reader() -> None:
    with pytest.raises(AttributeError):
        PRODUCTS[0].price = 1  # type: ignore[misc]


def test_a_tax_rate_that_does_not_exist_is_refused() -> None:
    content = msgspec.json.encode(CATALOG).replace(b'"tax_rate":19', b'"tax_rate":16', 1)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(content, type=SampleCatalog)


def lettered(text: str) -> Image.Image:
    mask = Image.new("L", (600, 120), 0)
    draw_centred(mask, 300, 80, text, 48)
    return mask


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_every_category_has_an_icon_and_a_colour_of_its_own() -> None:
    slugs = {category.slug for category in CATALOG.categories}
    assert set(ICONS) == set(HUES) == slugs
    assert repeated(ICONS.values()) == []
    assert repeated(HUES.values()) == []


@pytest.mark.parametrize("product", PRODUCTS[::17], ids=lambda product: product.sku)
def test_pictures_are_square_webp_in_every_size(product: SampleProduct) -> None:
    pictures = {
        label: opened(content)
        for label, content in render_all(product.name, product.category).items()
    }
    assert {picture.format for picture in pictures.values()} == {"WEBP"}
    assert {label: picture.size for label, picture in pictures.items()} == {
        label: (side, side) for label, side in SIZES.items()
    }


@pytest.mark.parametrize("draw", [render_all, lambda name, slug: render_image(name, slug, 800)])
def test_a_picture_is_the_same_every_time(draw: Callable[[str, str], object]) -> None:
    assert draw("Cobija térmica", "hogar-y-cocina") == draw("Cobija térmica", "hogar-y-cocina")


def test_one_size_alone_equals_the_same_size_among_all() -> None:
    pictures = render_all("Tenis urbanos", "calzado")
    assert pictures == {
        label: render_image("Tenis urbanos", "calzado", side) for label, side in SIZES.items()
    }


def test_no_two_products_share_a_picture() -> None:
    assert repeated(render_image(p.name, p.category, 400) for p in PRODUCTS[::4]) == []


@pytest.mark.parametrize(
    ("accented", "bare"), [("Café", "Cafe"), ("Piña", "Pina"), ("Labial líquido", "Labial liquido")]
)
def test_accents_are_seen_in_the_picture(accented: str, bare: str) -> None:
    assert ImageChops.difference(lettered(accented), lettered(bare)).getbbox() is not None


def test_a_letter_with_an_accent_takes_no_more_room_than_without() -> None:
    assert width_of("Pañitos húmedos", 48) == width_of("Panitos humedos", 48)


@pytest.mark.parametrize("name", ["A", "", "Supercalifragilístico " * 9, "X" * 200])
def test_any_name_and_an_unknown_category_still_give_a_picture(name: str) -> None:
    assert opened(render_image(name, "algo-nuevo", 200)).size == (200, 200)
