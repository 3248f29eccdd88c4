"""What reconciliation does: comparing days, closing differences, recording settlements."""

from mestore.reconciliation.service.compare import (
    MARGIN,
    ReconciliationService,
    reconcile,
    reconcile_due,
)
from mestore.reconciliation.service.settle import settle

__all__ = ["MARGIN", "ReconciliationService", "reconcile", "reconcile_due", "settle"]
