"""HTTP for commissions: fees of orders, the operator's rules, plans of vendors."""

from mestore.commissions.endpoints.fees import router
from mestore.commissions.endpoints.plans import router as plans_router
from mestore.commissions.endpoints.plans import vendor_router as vendor_plan_router
from mestore.commissions.endpoints.rules import router as rules_router

__all__ = ["plans_router", "router", "rules_router", "vendor_plan_router"]
