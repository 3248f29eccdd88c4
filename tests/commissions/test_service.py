"""Commissions: frozen line by line, owed once, dropped with their order."""

from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest
from sqlalchemy import select

from mestore.commissions.models import Commission
from mestore.commissions.service import CommissionBase, CommissionService, VendorCommission
from mestore.commissions.types import CommissionPolicy, CommissionStatus
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7

ONE, OTHER = uuid7(), uuid7()


async def quote(database: Database, order_id: int, *lines: CommissionBase) -> None:
    async with database.transaction() as tx:
        await CommissionService(tx).quote(order_id, lines)


async def confirm(database: Database, order_id: int) -> list[VendorCommission]:
    async with database.transaction() as tx:
        return await CommissionService(tx).confirm(order_id)


async def cancel(database: Database, order_id: int) -> None:
    async with database.transaction() as tx:
        await CommissionService(tx).cancel(order_id)


async def rows(database: Database, *columns: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401
    async with database.read() as connection:
        found = await connection.execute(select(*columns).order_by(Commission.id))
        return [tuple(row) for row in found]


@pytest.mark.parametrize(
    ("net", "percent", "tax_percent", "amount", "tax"),
    [
        (4_500_000, "5", "19", 225_000, 42_750),
        (10, "5", "19", 1, 0),
        (9, "5", "19", 0, 0),
        (123_450, "5", "19", 6_173, 1_173),
        (100_001, "12.5", "19", 12_500, 2_375),
        (100_004, "12.5", "19", 12_501, 2_375),
        (10**13, "100", "19", 10**13, 19 * 10**11),
        (4_500_000, "0", "19", 0, 0),
        (4_500_000, "5", "0", 225_000, 0),
    ],
)
async def test_a_line_is_charged_exactly_this(
    database: Database, net: int, percent: str, tax_percent: str, amount: int, tax: int
) -> None:
    policy = CommissionPolicy(Decimal(percent), Decimal(tax_percent))
    database.policies = {CommissionPolicy: policy}

    await quote(database, 1, CommissionBase(1, ONE, net))

    columns = (Commission.base_minor, Commission.amount_minor, Commission.tax_minor)
    rate = int(Decimal(percent) * 100)
    found = await rows(database, *columns, Commission.rate_basis_points, Commission.rule)
    assert found == [(net, amount, tax, rate, "default")]


async def test_confirming_makes_them_owed_and_sums_them_by_vendor(database: Database) -> None:
    lines = [
        CommissionBase(1, ONE, 100_010),
        CommissionBase(2, OTHER, 30),
        CommissionBase(3, ONE, 100_010),
    ]
    await quote(database, 7, *lines)
    await quote(database, 8, CommissionBase(4, ONE, 999_999))

    confirmed = await confirm(database, 7)

    # 5,000.5 is 5,001 a line, and 19 % of it 950.19; 1.5 is 2, and 19 % of it nothing.
    expected = [VendorCommission(ONE, 10_002, 1_900), VendorCommission(OTHER, 2, 0)]
    assert sorted(confirmed, key=attrgetter("amount_minor"), reverse=True) == expected
    pending, quoted = CommissionStatus.PENDING, CommissionStatus.QUOTED
    statuses = await rows(database, Commission.order_id, Commission.status)
    assert statuses == [(7, pending)] * 3 + [(8, quoted)]
    # Again changes nothing and says the same.
    assert await confirm(database, 7) == confirmed
    assert await rows(database, Commission.order_id, Commission.status) == statuses


async def test_what_is_called_off_is_dropped_and_comes_back_with_its_order(
    database: Database,
) -> None:
    await quote(database, 7, CommissionBase(1, ONE, 1_000_000))

    await cancel(database, 7)
    assert await rows(database, Commission.status) == [(CommissionStatus.CANCELLED,)]
    assert await confirm(database, 7) == [VendorCommission(ONE, 50_000, 9_500)]

    assert await rows(database, Commission.status) == [(CommissionStatus.PENDING,)]
    await cancel(database, 7)
    assert await rows(database, Commission.status) == [(CommissionStatus.PENDING,)]
