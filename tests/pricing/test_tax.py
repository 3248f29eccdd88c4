"""The IVA of a line: exact, rounded half up once, the same whichever side the tax is on."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mestore.kernel.money import MAXIMUM_MINOR
from mestore.pricing.service import line_tax
from mestore.pricing.types import LineTax, TaxPolicy
from mestore.shipping.service import shipping_fee
from mestore.shipping.types import ShippingPolicy

ON_TOP, INSIDE = TaxPolicy(prices_include_tax=False), TaxPolicy(prices_include_tax=True)
amounts = st.integers(0, MAXIMUM_MINOR * 1000)
rates = st.sampled_from([0, 5, 19])


@pytest.mark.parametrize(
    ("total", "rate", "policy", "expected"),
    [
        (10_000, 19, ON_TOP, LineTax(10_000, 1_900, 11_900)),
        (50, 19, ON_TOP, LineTax(50, 10, 60)),
        (10, 5, ON_TOP, LineTax(10, 1, 11)),
        (9, 5, ON_TOP, LineTax(9, 0, 9)),
        (10_000, 0, ON_TOP, LineTax(10_000, 0, 10_000)),
        (11_900, 19, INSIDE, LineTax(10_000, 1_900, 11_900)),
        (10_000, 19, INSIDE, LineTax(8_403, 1_597, 10_000)),
        (1, 19, INSIDE, LineTax(1, 0, 1)),
        (3, 19, INSIDE, LineTax(3, 0, 3)),
        (4, 19, INSIDE, LineTax(3, 1, 4)),
        (0, 19, INSIDE, LineTax(0, 0, 0)),
    ],
)
def test_a_line_has_exactly_this_tax(
    total: int, rate: int, policy: TaxPolicy, expected: LineTax
) -> None:
    assert line_tax(total, rate, policy) == expected


@given(amounts, rates, st.booleans())
def test_net_and_tax_are_the_gross(total: int, rate: int, is_inside: bool) -> None:
    tax = line_tax(total, rate, TaxPolicy(is_inside))

    assert tax.net_minor + tax.tax_minor == tax.gross_minor
    assert min(tax.net_minor, tax.tax_minor) >= 0
    assert total == (tax.gross_minor if is_inside else tax.net_minor)


@given(amounts, rates)
def test_tax_on_top_is_rounded_as_on_paper(total: int, rate: int) -> None:
    on_paper = (Decimal(total) * rate / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)

    assert line_tax(total, rate, ON_TOP).tax_minor == on_paper


@given(amounts, rates)
def test_tax_that_was_put_on_top_is_found_inside_again(total: int, rate: int) -> None:
    shown = line_tax(total, rate, ON_TOP)

    assert line_tax(shown.gross_minor, rate, INSIDE) == shown


@given(amounts, st.integers(0, 10**9), st.integers(0, 10**9))
def test_shipping_is_the_fee_or_free(subtotal: int, fee: int, free_from: int) -> None:
    found = shipping_fee(subtotal, ShippingPolicy(fee, free_from))

    assert found == (0 if subtotal == 0 or subtotal >= free_from else fee)
