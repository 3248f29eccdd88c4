from collections.abc import Awaitable, Callable

import pytest

from mestore.accounts.types import UserType
from mestore.commissions.service.rules import RuleService
from mestore.commissions.types import Conditions, FeeKind, Formula, RuleDraft
from mestore.kernel.db import Database
from tests.build import Build
from tests.checkout.bank import Bank
from tests.conftest import AsUser

AddRule = Callable[..., Awaitable[int]]
Headers = dict[str, str]


@pytest.fixture
def bank() -> Bank:
    """A gateway in memory that can send back all it took, and parts of that."""
    return Bank.giving()


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
