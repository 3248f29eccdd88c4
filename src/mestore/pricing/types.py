"""The words of pricing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaxPolicy:
    """Whether shown prices hold their IVA (Ley 1480 de 2011, art. 26) or it comes on top."""

    prices_include_tax: bool = False


@dataclass(frozen=True, slots=True)
class LineTax:
    """A line's amounts in minor units: without tax, the tax, and both together."""

    net_minor: int
    tax_minor: int
    gross_minor: int
