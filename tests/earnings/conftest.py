from dataclasses import replace

import pytest

from mestore.checkout.types import Outside
from mestore.kernel.db import Database
from mestore.payments.types import PaymentMethod
from tests.build import Build
from tests.checkout.bank import Bank
from tests.checkout.till import Till


@pytest.fixture
def till(database: Database, build: Build) -> Till:
    """Places orders and settles what a gateway says of them."""
    return Till(database, build)


@pytest.fixture
def bank() -> Bank:
    """A gateway in memory that can send back all it took, and parts of that."""
    found = Bank()
    every = frozenset(PaymentMethod)
    found.profile = replace(found.profile, refundable=every, partly_refundable=every)
    return found


@pytest.fixture
def outside(database: Database, bank: Bank) -> Outside:
    """The world with that gateway alone."""
    return Outside(database, {bank.code: bank}, "http://shop.example.com")
