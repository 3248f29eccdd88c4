"""What is done with interests: remembering, saving, watching, telling."""

from mestore.interests.service.alerts import AlertService, standing_alerts
from mestore.interests.service.history import HistoryService
from mestore.interests.service.matches import MatchService, match_products, standing_search
from mestore.interests.service.saved import SavedService
from mestore.interests.service.viewing import ViewLog

__all__ = [
    "AlertService",
    "HistoryService",
    "MatchService",
    "SavedService",
    "ViewLog",
    "match_products",
    "standing_alerts",
    "standing_search",
]
