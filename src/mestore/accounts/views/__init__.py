"""What accounts show: read-only SQL that answers in the shape callers see."""

from mestore.accounts.views.access import (
    ApiKeyView,
    KeyCaller,
    PermissionLine,
    all_keys,
    find_key_caller,
    find_matrix,
    key_prefix,
)
from mestore.accounts.views.directory import (
    ActivityView,
    find_details,
    page_activities,
    page_users,
    users_after,
)
from mestore.accounts.views.erasure import (
    open_vendor_orders,
)
from mestore.accounts.views.sign_ups import (
    DayCount,
    Retention,
    TypeCount,
    UserAnalytics,
    count_users,
)
from mestore.accounts.views.users import (
    LONGEST_LIST,
    OpenSession,
    all_sessions,
    find_caller,
    get_profile,
    signed_in_at,
)

__all__ = [
    "open_vendor_orders",
    "count_users",
    "Retention",
    "DayCount",
    "TypeCount",
    "UserAnalytics",
    "users_after",
    "page_users",
    "page_activities",
    "find_details",
    "ActivityView",
    "key_prefix",
    "find_matrix",
    "find_key_caller",
    "all_keys",
    "PermissionLine",
    "KeyCaller",
    "ApiKeyView",
    "LONGEST_LIST",
    "OpenSession",
    "all_sessions",
    "find_caller",
    "get_profile",
    "signed_in_at",
]
