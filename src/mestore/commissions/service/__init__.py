"""The use cases of commissions: the fees of orders, the rules that make them, plans of vendors."""

from mestore.commissions.service.lines import CommissionBase, CommissionService, VendorCommission

__all__ = ["CommissionBase", "CommissionService", "VendorCommission"]
