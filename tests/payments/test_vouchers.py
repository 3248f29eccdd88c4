"""Vouchers: their numbers and bar codes against published samples, and until when they pay."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from barcode.codex import Gs1_128  # type: ignore[import-untyped]  # it has no types

from mestore.kernel.clock import BOGOTA
from mestore.payments.adapters.efecty_bars import modules_of, svg_of
from mestore.payments.vouchers import (
    FNC1,
    BillCode,
    CashVoucher,
    CheckDigit,
    bare,
    check_digit,
    expiry_of,
    is_gln,
    reference_of,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "efecty_vectors.json").read_text(encoding="utf-8")
)


def vectors(kind: str) -> list[dict[str, Any]]:
    """The published samples of one kind."""
    return [each for each in VECTORS if each["kind"] == kind]


@pytest.mark.parametrize("vector", vectors("reference_luhn_own_scheme"))
def test_a_reference_ends_with_the_digit_of_luhn(vector: dict[str, Any]) -> None:
    payload = vector["inputs"]["payload"]
    assert reference_of(payload[:2], int(payload[2:]), CheckDigit.LUHN) == vector["expected"]


@pytest.mark.parametrize("vector", vectors("gln13_check_digit"))
def test_a_location_number_has_its_check_digit(vector: dict[str, Any]) -> None:
    number = vector["inputs"]["gln12"] + vector["expected"]
    assert is_gln(number) is vector["recomputed_ok"]
    assert is_gln(vector["inputs"]["gln12"] + vector["computed"])


@pytest.mark.parametrize("number", ["", "770000000000", "77000000000022", "770000000000a"])
def test_what_is_no_location_number_is_none(number: str) -> None:
    assert not is_gln(number)


@pytest.mark.parametrize("vector", vectors("gs1_128_hri"))
def test_a_bill_prints_and_codes_as_real_ones_do(vector: dict[str, Any]) -> None:
    given = vector["inputs"]
    code = BillCode(given["gln13"], given["reference_8020"], given["amount_3900"], given["due_96"])
    assert code.human_readable == vector["expected"]
    assert code.element_string == vector["element_string"]
    library = Gs1_128(code.element_string.removeprefix(FNC1).replace(FNC1, Gs1_128.FNC1_CHAR))
    symbols = library.encoded
    assert library._calculate_checksum(symbols) == vector["code128c_check"]
    # Start C, then pairs of digits and FNC1 only: no other character set is ever switched to.
    assert symbols[0] == 105
    assert len(symbols) == 1 + code.element_string.count(FNC1) + (
        len(code.element_string.replace(FNC1, "")) // 2
    )
    # Eleven modules a symbol, the check symbol too, and thirteen of the stop.
    assert len(modules_of(code.element_string)) == 11 * (len(symbols) + 1) + 13


def test_the_svg_has_the_bars_between_quiet_zones() -> None:
    modules = modules_of(f"{FNC1}41577000000000028020")
    svg = svg_of(f"{FNC1}41577000000000028020")
    assert svg.startswith("<svg xmlns=")
    assert f'viewBox="0 0 {len(modules) + 20} 60"' in svg
    assert 'd="M10 0h2v60h-2z' in svg
    assert svg.count("M") == len(modules.replace("0", " ").split())


@pytest.mark.parametrize(
    ("scheme", "payload", "digit"),
    [
        (CheckDigit.MOD10, "770999801371", "1"),
        (CheckDigit.MOD11, "123456789", "2"),
        (CheckDigit.MOD11, "11000000006", "0"),
        (CheckDigit.NONE, "11000000001", ""),
    ],
)
def test_other_agreements_have_other_check_digits(
    scheme: CheckDigit, payload: str, digit: str
) -> None:
    assert check_digit(payload, scheme) == digit


def test_a_reference_is_compared_without_leading_zeros() -> None:
    assert bare(reference_of("00", 7, CheckDigit.LUHN)) == "75"
    assert reference_of("00", 7, CheckDigit.LUHN) == "000000000075"


def test_references_that_are_used_up_do_not_run_into_each_other() -> None:
    assert reference_of("11", 999_999_999, CheckDigit.NONE) == "11999999999"
    with pytest.raises(OverflowError):
        reference_of("11", 1_000_000_000, CheckDigit.NONE)


def test_a_reference_of_odd_length_gets_a_zero_in_the_bar_code() -> None:
    moment = datetime(2026, 11, 24, 4, 59, 59, tzinfo=UTC)
    voucher = CashVoucher(1, "11000000001", "MS-1", 6_500_000, moment, moment)
    code = BillCode.of(voucher, "7700000000002", 10)
    assert (code.reference, code.amount, code.due) == ("011000000001", "0000065000", "20261123")


@pytest.mark.parametrize("hours", [1, 24, 72, 144, 168])
@pytest.mark.parametrize("hour", [0, 4, 5, 12, 23])
def test_a_voucher_ends_with_a_day_of_bogota_within_seven_days(hours: int, hour: int) -> None:
    issued = datetime(2026, 12, 30, hour, 30, tzinfo=UTC)
    ends = expiry_of(issued, hours)
    assert ends.astimezone(BOGOTA).strftime("%H:%M:%S") == "23:59:59"
    assert issued < ends <= issued + timedelta(days=7)
    if hours < 168:
        assert issued + timedelta(hours=hours) <= ends < issued + timedelta(hours=hours + 24)
