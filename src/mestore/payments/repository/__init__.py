"""Every SQL statement of payments."""

from mestore.payments.repository.efecty import EfectyRepository
from mestore.payments.repository.payments import PaymentRepository
from mestore.payments.repository.screening import ScreeningRepository

__all__ = ["EfectyRepository", "PaymentRepository", "ScreeningRepository"]
