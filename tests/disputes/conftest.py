import pytest

from tests.checkout.bank import Bank


@pytest.fixture
def bank() -> Bank:
    """A gateway in memory that can send back all it took, and parts of that."""
    return Bank.giving()
