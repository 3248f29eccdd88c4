"""Money is exact: whole centavos inside, JSON numbers with at most two decimals outside."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from mestore.kernel.money import (
    MAXIMUM_MINOR,
    Amount,
    Price,
    divide_half_up,
    format_cop,
    percent_of,
    spread,
    to_minor,
    to_number,
)

MINORS = st.integers(-MAXIMUM_MINOR, MAXIMUM_MINOR)


class Priced(BaseModel):
    """A body with a price."""

    price: Price


class Shown(BaseModel):
    """An answer with an amount."""

    amount: Amount


@pytest.mark.parametrize(
    ("pesos", "minor"),
    [("0", 0), ("45000", 4_500_000), ("45000.5", 4_500_050), ("0.01", 1), ("99.990", 9_999)],
)
def test_pesos_become_centavos(pesos: str, minor: int) -> None:
    assert to_minor(Decimal(pesos)) == minor


@pytest.mark.parametrize("pesos", ["0.001", "1.005", "-0.555"])
def test_more_than_two_decimals_are_refused(pesos: str) -> None:
    with pytest.raises(ValueError, match="an amount has at most two decimals"):
        to_minor(Decimal(pesos))


@pytest.mark.parametrize(
    ("minor", "text"),
    [(4_500_000, "45000"), (4_500_050, "45000.5"), (1, "0.01"), (-150, "-1.5"), (0, "0")],
)
def test_centavos_become_json_numbers(minor: int, text: str) -> None:
    assert json.dumps(to_number(minor)) == text
    assert msgspec.json.encode(to_number(minor)).decode() == text


@given(MINORS)
def test_amounts_survive_json_to_the_centavo(minor: int) -> None:
    for text in (json.dumps(to_number(minor)), msgspec.json.encode(to_number(minor)).decode()):
        assert Decimal(text) * 100 == minor
        assert "e" not in text.lower()
        assert len(text.partition(".")[2]) <= 2


@given(st.integers(0, MAXIMUM_MINOR))
def test_a_price_survives_the_way_in_as_number_and_as_text(minor: int) -> None:
    text = str(Decimal(minor) / 100)
    as_number = Priced.model_validate_json(f'{{"price": {text}}}')
    as_float = Priced.model_validate(json.loads(f'{{"price": {text}}}'))
    as_text = Priced.model_validate({"price": text})
    assert [to_minor(each.price) for each in (as_number, as_float, as_text)] == [minor] * 3


@pytest.mark.parametrize(
    "price",
    [
        -1,
        -0.01,
        0.001,
        "1.005",
        100_000_000_000.01,
        1e30,
        "NaN",
        "Infinity",
        "one",
        None,
        [],
        "1e99",
    ],
)
def test_a_price_that_cannot_be_is_refused(price: object) -> None:
    with pytest.raises(ValidationError):
        Priced.model_validate({"price": price})


def test_the_largest_price_is_a_hundred_thousand_million_pesos() -> None:
    assert to_minor(Priced.model_validate({"price": 10**11}).price) == MAXIMUM_MINOR


def test_an_amount_is_shown_in_pesos() -> None:
    assert Shown(amount=4_500_050).model_dump_json() == '{"amount":45000.5}'
    assert Shown(amount=4_500_000).model_dump_json() == '{"amount":45000}'


@pytest.mark.parametrize(
    ("minor", "percent", "result"),
    [
        (4_500_000, "19", 855_000),
        (50, "19", 10),  # 9.5 centavos
        (150, "19", 29),  # 28.5
        (250, "1", 3),  # 2.5: half up, not half to even
        (-250, "1", -3),
        (333, "5", 17),  # 16.65
        (1, "0", 0),
        (MAXIMUM_MINOR, "19", 19 * MAXIMUM_MINOR // 100),
        (100_000, "2.75", 2750),
    ],
)
def test_percentages_are_rounded_half_up_to_the_centavo(
    minor: int, percent: str, result: int
) -> None:
    assert percent_of(minor, Decimal(percent)) == result


@pytest.mark.parametrize(
    ("dividend", "divisor", "result"), [(0, 7, 0), (1, 2, 1), (3, 2, 2), (10, 4, 3), (7, 3, 2)]
)
def test_quotients_are_rounded_half_up(dividend: int, divisor: int, result: int) -> None:
    assert divide_half_up(dividend, divisor) == result


@given(st.integers(0, 10**18), st.integers(1, 10**9))
def test_a_quotient_is_the_nearest_whole_number(dividend: int, divisor: int) -> None:
    rest = 2 * (dividend - divide_half_up(dividend, divisor) * divisor)
    assert -divisor <= rest < divisor


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (1, [1, 1], [1, 0]),
        (10, [0, 5, 5], [0, 5, 5]),
        (7, [0, 0], [7, 0]),
        (7, [], []),
        (0, [3, 4], [0, 0]),
        (101, [1, 2, 7], [10, 20, 71]),
    ],
)
def test_an_amount_is_split_by_weights(total: int, weights: list[int], parts: list[int]) -> None:
    assert spread(total, weights) == parts


@given(
    st.integers(-MAXIMUM_MINOR, MAXIMUM_MINOR),
    st.lists(st.integers(0, MAXIMUM_MINOR), min_size=1, max_size=50),
)
def test_parts_add_up_and_are_fair_to_a_centavo(total: int, weights: list[int]) -> None:
    parts = spread(total, weights)
    whole = sum(weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        if whole:
            assert abs(part * whole - total * weight) < whole


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        (0, "$ 0"),
        (123_456_700, "$ 1.234.567"),
        (123_456_789, "$ 1.234.567,89"),
        (5, "$ 0,05"),
        (-4_500_000, "-$ 45.000"),
        (99_999, "$ 999,99"),
    ],
)
def test_amounts_are_written_as_colombians_read_them(minor: int, text: str) -> None:
    assert format_cop(minor) == text
