"""Who may do what: roles, the words of permissions, and what each role has of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class UserType(StrEnum):
    """The four roles, from the least to the most that they may do."""

    BUYER = "BUYER"
    VENDOR = "VENDOR"
    ADMIN = "ADMIN"
    SUPERUSER = "SUPERUSER"

    def is_below(self, other: "UserType") -> bool:
        """Say whether this role may do less than `other`."""
        roles = list(UserType)
        return roles.index(self) < roles.index(other)


STAFF = frozenset({UserType.ADMIN, UserType.SUPERUSER})


class Permission(StrEnum):
    """What a caller can be allowed to do.

    What a vendor's role gives is about the vendor's own shop, what an operator's gives is about all
    of the marketplace. A word that was granted beyond the role is about all of it too.
    """

    PRODUCTS_VIEW = "products.view"
    PRODUCTS_CREATE = "products.create"
    PRODUCTS_UPDATE = "products.update"
    PRODUCTS_DELETE = "products.delete"
    PRODUCTS_APPROVE = "products.approve"
    CATEGORIES_MANAGE = "categories.manage"
    INVENTORY_VIEW = "inventory.view"
    INVENTORY_UPDATE = "inventory.update"
    ORDERS_VIEW = "orders.view"
    ORDERS_UPDATE = "orders.update"
    ORDERS_REFUND = "orders.refund"
    PAYMENTS_VIEW = "payments.view"
    PAYMENTS_MANAGE = "payments.manage"
    PAYOUTS_VIEW = "payouts.view"
    PAYOUTS_APPROVE = "payouts.approve"
    COMMISSIONS_VIEW = "commissions.view"
    COMMISSIONS_MANAGE = "commissions.manage"
    VENDORS_VIEW = "vendors.view"
    VENDORS_MANAGE = "vendors.manage"
    USERS_VIEW = "users.view"
    USERS_CREATE = "users.create"
    USERS_UPDATE = "users.update"
    USERS_DELETE = "users.delete"
    USERS_PERMISSIONS = "users.permissions"
    ANALYTICS_VIEW = "analytics.view"
    AUDIT_VIEW = "audit.view"
    SYSTEM_VIEW = "system.view"


ROLE_PERMISSIONS: Mapping[UserType, frozenset[Permission]] = {
    UserType.BUYER: frozenset(),
    UserType.VENDOR: frozenset(
        {
            Permission.PRODUCTS_VIEW,
            Permission.PRODUCTS_CREATE,
            Permission.PRODUCTS_UPDATE,
            Permission.PRODUCTS_DELETE,
            Permission.INVENTORY_VIEW,
            Permission.INVENTORY_UPDATE,
            Permission.ORDERS_VIEW,
            Permission.ORDERS_UPDATE,
            Permission.PAYOUTS_VIEW,
            Permission.COMMISSIONS_VIEW,
            Permission.ANALYTICS_VIEW,
        }
    ),
    UserType.ADMIN: frozenset(Permission) - {Permission.USERS_PERMISSIONS},
    UserType.SUPERUSER: frozenset(Permission),
}
"""What each role may do where nothing was granted or revoked."""


@dataclass(frozen=True, slots=True)
class Override:
    """One permission that a user was granted, or lost; until `expires_at`, where it is set."""

    permission: Permission
    is_granted: bool
    expires_at: datetime | None = None

    def is_live(self, moment: datetime) -> bool:
        """Say whether it still counts at `moment`."""
        return self.expires_at is None or self.expires_at > moment


def effective(role: UserType, overrides: Iterable[Override]) -> frozenset[Permission]:
    """Return what a user may do: the role's words, plus the granted ones, less the revoked ones.

    Nothing can be taken from a SUPERUSER.
    """
    found = ROLE_PERMISSIONS[role]
    for override in overrides:
        word = {override.permission}
        found = found | word if override.is_granted else found - word
    return found | ROLE_PERMISSIONS[role] if role is UserType.SUPERUSER else found


class Source(StrEnum):
    """Where a line of the permission matrix comes from."""

    ROLE = "role"
    GRANTED = "granted"
    REVOKED = "revoked"
    NONE = "none"


class Activity(StrEnum):
    """What a user did, or what was done to their account."""

    CREATED = "created"
    LOGIN = "login"
    LOGOUT = "logout"
    SESSIONS_ENDED = "sessions_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  the name of an act, no secret
    PROFILE_CHANGED = "profile_changed"
    PERMISSIONS_CHANGED = "permissions_changed"
    API_KEY_CREATED = "api_key_created"
    API_KEY_REVOKED = "api_key_revoked"
    SUSPENDED = "suspended"
    ACTIVATED = "activated"
    UNLOCKED = "unlocked"
    ERASED = "erased"
