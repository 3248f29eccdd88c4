"""Pricing computes a line's IVA once, at one place, rounded half up to the centavo."""

from mestore.kernel.money import divide_half_up
from mestore.pricing.types import LineTax, TaxPolicy


def line_tax(total_minor: int, tax_rate: int, policy: TaxPolicy) -> LineTax:
    """Return the tax of a line that shows `total_minor`, at `tax_rate` per cent (19, 5 or 0)."""
    if policy.prices_include_tax:
        net = divide_half_up(total_minor * 100, 100 + tax_rate)
        return LineTax(net, total_minor - net, total_minor)
    tax = divide_half_up(total_minor * tax_rate, 100)
    return LineTax(total_minor, tax, total_minor + tax)
