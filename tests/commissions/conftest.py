from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from mestore.accounts.types import UserType
from mestore.checkout.types import Outside
from mestore.commissions.service.rules import RuleService
from mestore.commissions.types import Conditions, FeeKind, Formula, RuleDraft
from mestore.kernel.db import Database
from mestore.payments.types import GatewayProfile, PaymentMethod
from tests.build import Build
from tests.checkout.bank import Bank
from tests.checkout.till import Till
from tests.conftest import AsUser

AddRule = Callable[..., Awaitable[int]]
Headers = dict[str, str]


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)


@pytest.fixture
def outside(database: Database) -> Outside:
    """The world with one gateway that can send back all it took, and parts of that."""
    bank = Bank()
    every = frozenset(PaymentMethod)
    profile: GatewayProfile = replace(bank.profile, refundable=every, partly_refundable=every)
    bank.profile = profile
    return Outside(database, {bank.code: bank}, "http://shop.example.com")


@pytest.fixture
def add_rule(database: Database) -> AddRule:
    """`await add_rule(kind, formula, conditions, …)` puts a rule at the end of the list."""

    async def add(
        formula: Formula,
        conditions: Conditions | None = None,
        kind: FeeKind = FeeKind.SALE,
        **more: object,
    ) -> int:
        draft = RuleDraft("A rule", kind, conditions or Conditions(), formula, **more)  # type: ignore[arg-type]
        async with database.transaction() as tx:
            return await RuleService(tx).add(draft)

    return add


@pytest.fixture
async def staff(build: Build, as_user: AsUser) -> Headers:
    """The headers of an operator."""
    return await as_user(await build.user(UserType.ADMIN))
