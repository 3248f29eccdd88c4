"""The words of the audit log: what is done, and to what kind of thing."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from mestore.accounts.types.access import UserType


class Act(StrEnum):
    """What somebody did. The words that begin with `auth.` are security events."""

    REGISTERED = "auth.registered"
    SIGNED_IN = "auth.signed_in"
    SIGN_IN_FAILED = "auth.sign_in_failed"
    SECOND_STEP_FAILED = "auth.second_step_failed"
    ACCOUNT_LOCKED = "auth.account_locked"
    ADDRESS_BLOCKED = "auth.address_blocked"
    SIGNED_OUT = "auth.signed_out"
    SESSIONS_ENDED = "auth.sessions_ended"
    REFRESH_TOKEN_REUSED = "auth.refresh_token_reused"  # noqa: S105  the name of an act
    PASSWORD_CHANGED = "auth.password_changed"  # noqa: S105  the name of an act
    PASSWORD_CHANGE_FAILED = "auth.password_change_failed"  # noqa: S105  the name of an act
    PASSWORD_RESET = "auth.password_reset"  # noqa: S105  the name of an act
    MFA_ENABLED = "auth.mfa_enabled"
    MFA_DISABLED = "auth.mfa_disabled"
    MFA_CHANGE_FAILED = "auth.mfa_change_failed"
    BACKUP_CODES_MADE = "auth.backup_codes_made"
    PASSKEY_ADDED = "auth.passkey_added"
    PASSKEY_REMOVED = "auth.passkey_removed"
    IDENTITY_LINKED = "auth.identity_linked"
    API_KEY_CREATED = "auth.api_key_created"
    API_KEY_REVOKED = "auth.api_key_revoked"
    EMAIL_VERIFIED = "auth.email_verified"
    PHONE_VERIFIED = "auth.phone_verified"

    USER_CREATED = "users.created"
    USER_EDITED = "users.edited"
    USER_SUSPENDED = "users.suspended"
    USER_ACTIVATED = "users.activated"
    USER_UNLOCKED = "users.unlocked"
    USER_ERASED = "users.erased"
    PERMISSIONS_CHANGED = "users.permissions_changed"

    VENDOR_APPROVED = "vendors.approved"
    VENDOR_SUSPENDED = "vendors.suspended"
    VENDOR_EDITED = "vendors.edited"

    PRODUCT_APPROVED = "products.approved"
    PRODUCT_REJECTED = "products.rejected"
    PRODUCT_ARCHIVED = "products.archived"
    PRODUCT_MOVED = "products.moved"
    PRODUCT_EDITED = "products.edited"
    PRODUCT_DELETED = "products.deleted"

    CATEGORY_ADDED = "categories.added"
    CATEGORY_CHANGED = "categories.changed"
    CATEGORY_REMOVED = "categories.removed"

    STOCK_SET = "inventory.set"
    STOCK_ADJUSTED = "inventory.adjusted"

    ORDER_CANCELLED = "orders.cancelled"
    ORDER_MOVED = "orders.moved"

    REVIEW_MODERATED = "reviews.moderated"
    REVIEW_REMOVED = "reviews.removed"

    REFUND_REQUESTED = "refunds.requested"
    REFUND_ACCOUNT_NAMED = "refunds.account_named"
    REFUND_TRANSFERRED = "refunds.transferred"
    PAYMENT_EXCEPTION_RESOLVED = "payments.exception_resolved"

    DIFFERENCE_CLOSED = "reconciliation.closed"

    @property
    def is_security_event(self) -> bool:
        """Say whether it is about who gets in."""
        return self.startswith("auth.")

    @property
    def outcome(self) -> str:
        """Return `failure` where somebody was kept out or found out, else `success`."""
        return "failure" if self in _FAILURES else "success"


_FAILURES = frozenset(
    {
        Act.SIGN_IN_FAILED,
        Act.SECOND_STEP_FAILED,
        Act.ACCOUNT_LOCKED,
        Act.ADDRESS_BLOCKED,
        Act.REFRESH_TOKEN_REUSED,
        Act.PASSWORD_CHANGE_FAILED,
        Act.MFA_CHANGE_FAILED,
    }
)


class Subject(StrEnum):
    """What kind of thing an act was done to; its id is this room's own."""

    USER = "user"
    UNKNOWN_EMAIL = "unknown_email"
    ADDRESS = "address"
    API_KEY = "api_key"
    PASSKEY = "passkey"
    VENDOR = "vendor"
    PRODUCT = "product"
    CATEGORY = "category"
    ORDER = "order"
    REFUND = "refund"
    PAYMENT_EXCEPTION = "payment_exception"
    DIFFERENCE = "difference"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and in which role."""

    id: UUID
    user_type: UserType
