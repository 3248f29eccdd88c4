"""The check digit of a NIT, by DIAN's rule and real numbers that are public."""

import pytest

from mestore.vendors.types import check_digit, checked_nit


@pytest.mark.parametrize(
    ("number", "digit"),
    [
        ("800197268", 4),
        ("901458652", 7),
        ("800191045", 1),
        ("890903938", 8),
        ("860034313", 7),
        ("899999061", 9),
        ("899999068", 1),
        ("830037248", 0),
        ("1234567890", 2),
    ],
)
def test_the_check_digit_is_dians(number: str, digit: int) -> None:
    assert check_digit(number) == digit
    assert checked_nit(f"{number}-{digit}") == f"{number}-{digit}"
    assert checked_nit(f"{number}{digit}") == f"{number}-{digit}"
    for other in set(range(10)) - {digit}:
        with pytest.raises(ValueError, match="check digit does not fit"):
            checked_nit(f"{number}-{other}")


@pytest.mark.parametrize(
    "typed", ["900123456-8", "900.123.456-8", "9001234568", "900 123 456-8", "900.123.4568"]
)
def test_a_nit_is_kept_in_one_form(typed: str) -> None:
    assert checked_nit(typed) == "900123456-8"


@pytest.mark.parametrize(
    "typed",
    ["", "900123456", "900123456-", "-8", "900123456-88", "12345-6", "90012345x-8", "012345678-9"],
)
def test_what_is_no_nit_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Write the NIT with its check digit"):
        checked_nit(typed)
