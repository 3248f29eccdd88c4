"""HTTP for payouts: bank accounts, payouts, batches, signals."""

from mestore.payouts.endpoints.accounts import router as accounts_router
from mestore.payouts.endpoints.batches import router as batches_router
from mestore.payouts.endpoints.payouts import router
from mestore.payouts.endpoints.signals import router as signals_router

__all__ = ["accounts_router", "batches_router", "router", "signals_router"]
