"""The banks and wallets that take transfers in Colombia, by their four-digit PSE codes."""

import csv
from collections.abc import Mapping
from importlib.resources import files

LENGTH_OF_ACH_CODE = 3


def _read() -> dict[str, str]:
    text = files("mestore.payouts").joinpath("data/banks.csv").read_text(encoding="utf-8")
    return {row["code"]: row["name"] for row in csv.DictReader(text.splitlines())}


BANKS: Mapping[str, str] = _read()
"""Names by code."""


def checked_bank(code: str) -> str | None:
    """Return the PSE code of a bank by that or by its three-digit ACH code; None for no bank."""
    # A PSE code is 1 and the ACH code.
    full = f"1{code}" if len(code) == LENGTH_OF_ACH_CODE else code
    return full if full in BANKS else None
