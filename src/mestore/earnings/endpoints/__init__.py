"""HTTP for earnings: balances, statements, the ledger, and releases by the word of staff."""

from mestore.earnings.endpoints.approve import router as approve_router
from mestore.earnings.endpoints.terms import router as terms_router
from mestore.earnings.endpoints.transactions import router as transactions_router
from mestore.earnings.endpoints.vendors import router

__all__ = ["approve_router", "router", "terms_router", "transactions_router"]
