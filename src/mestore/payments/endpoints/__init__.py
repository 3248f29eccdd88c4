"""HTTP for payments: what can be paid with, signals of gateways, cash at a counter, fraud."""

from mestore.payments.endpoints.collections import router as collections_router
from mestore.payments.endpoints.efecty import router as efecty_router
from mestore.payments.endpoints.fraud import router as fraud_router
from mestore.payments.endpoints.payments import router

__all__ = ["collections_router", "efecty_router", "fraud_router", "router"]
