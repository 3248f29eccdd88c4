"""What the analyser takes for the same, and what it keeps apart."""

import pytest

from mestore.search.analysis import exact, forms, weighed, words
from mestore.search.misspelling import distance
from mestore.search.thesaurus import Thesaurus, shipped_groups

SHIPPED = Thesaurus(shipped_groups())


def terms(text: str) -> list[frozenset[str]]:
    return [SHIPPED.slot(word).terms for word in words(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Audífonos", "audifono"),
        ("luces", "luz"),
        ("zapatos rojos", "zapato roja"),
        ("500gr", "500 g"),
        ("1/2 kg", "500 gramos"),
        ("0,5 kilos", "500g"),
        ("1.5 litros", "1500 ml"),
        ('15.6"', "15,6 pulgadas"),
        ("1 TB", "1tb"),
        ("celular", "móvil"),
        ("esfero", "bolígrafos"),
        ("nevera", "refrigerador"),
        ("la mesa de madera", "mesas madera"),
        ("shoes", "shoe"),
    ],
)
def test_the_same_said_otherwise(one: str, other: str) -> None:
    assert terms(one) == terms(other)


@pytest.mark.parametrize(
    ("one", "other"), [("500 g", "500 ml"), ("1 kg", "1 g"), ("16 gb", "16 tb"), ("caña", "cana")]
)
def test_what_is_not_the_same(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_an_ene_is_found_without_and_better_with_it() -> None:
    found = weighed([("Caña", 10)])
    assert found["caña"] > found["can"]
    assert forms("cana") & set(found)


def test_a_term_weighs_what_its_best_text_does() -> None:
    assert weighed([("mesa", 60), ("mesas", 4)]) == {"mes": 60}


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("celular", "celular", 0), ("celualr", "celular", 1), ("selular", "celular", 1), ("a", "", 1)],
)
def test_letters_apart(one: str, other: str, apart: int) -> None:
    assert distance(one, other) == apart


def test_a_code_is_one_term_in_any_case() -> None:
    assert exact(" Sku-12 ") == exact("SKU-12") == "=sku-12"
