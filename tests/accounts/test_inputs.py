"""What e-mails, phones and passwords must look like, in both languages."""

import pytest

from mestore.accounts.types import checked_email, checked_password, checked_phone
from mestore.kernel.problems import language


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ana@example.com", "ana@example.com"),
        ("Ana.Ejemplo+Tienda@Example.COM", "ana.ejemplo+tienda@example.com"),
        ("ana@shop.test", "ana@shop.test"),
        ("ñandú@example.com", "ñandú@example.com"),
    ],
)
def test_an_email_is_kept_in_lower_case(typed: str, kept: str) -> None:
    assert checked_email(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "ana", "ana@", "@example.com", "ana@b", "a b@example.com", "ana@example.com\x00"]
)
def test_what_is_no_email_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="This is no e-mail address"):
        checked_email(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("3001234567", "+573001234567"),
        ("300 123 4567", "+573001234567"),
        ("(601) 234-5678", "+576012345678"),
        ("+57 300 123 4567", "+573001234567"),
        ("573001234567", "+573001234567"),
        ("+1 202 555 0123", "+12025550123"),
        ("+1234567890", "+1234567890"),
        ("+34 612 345 678", "+34612345678"),
    ],
)
def test_a_phone_is_colombian_unless_it_says_otherwise(typed: str, kept: str) -> None:
    assert checked_phone(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "1234567", "+573901234567", "39012345678", "+57", "+999", "x"]
)
def test_a_phone_that_cannot_be_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Write a Colombian number"):
        checked_phone(typed)


@pytest.mark.parametrize(
    ("typed", "issue"),
    [
        ("alllower1", "Use upper and lower case letters."),
        ("ALLUPPER1", "Use upper and lower case letters."),
        ("NoDigitHere", "Use at least one digit."),
    ],
)
def test_a_password_needs_upper_case_lower_case_and_a_digit(typed: str, issue: str) -> None:
    with pytest.raises(ValueError, match=issue):
        checked_password(typed)


def test_the_issue_is_in_spanish_for_who_reads_spanish() -> None:
    token = language.set("es")
    try:
        with pytest.raises(ValueError, match="Usa al menos un dígito"):
            checked_password("SinDigitos")
    finally:
        language.reset(token)
