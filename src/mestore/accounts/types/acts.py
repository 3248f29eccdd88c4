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
    FILE_IMPORTED = "products.file_imported"
    PRODUCT_CHANGE_REJECTED = "products.change_rejected"

    CATEGORY_ADDED = "categories.added"
    CATEGORY_CHANGED = "categories.changed"
    CATEGORY_REMOVED = "categories.removed"

    SYNONYMS_CHANGED = "search.synonyms_changed"

    STOCK_SET = "inventory.set"
    STOCK_ADJUSTED = "inventory.adjusted"

    ORDER_CANCELLED = "orders.cancelled"
    ORDER_MOVED = "orders.moved"

    REVIEW_MODERATED = "reviews.moderated"
    REVIEW_REMOVED = "reviews.removed"

    REFUND_REQUESTED = "refunds.requested"
    REFUND_ACCOUNT_NAMED = "refunds.account_named"
    REFUND_TRANSFERRED = "refunds.transferred"
    REFUND_ENDED = "refunds.ended"
    PAYMENT_EXCEPTION_RESOLVED = "payments.exception_resolved"
    PAYMENT_REVIEWED = "payments.reviewed"
    FRAUD_RULES_CHANGED = "payments.fraud_rules_changed"
    CASH_CONFIRMED = "payments.cash_confirmed"
    CASH_COLLECTION_POSTED = "payments.cash_collection_posted"

    DISPUTE_OPENED = "disputes.opened"
    DISPUTE_MOVED = "disputes.moved"
    DISPUTE_CORRECTED = "disputes.corrected"

    PAYOUT_ACCOUNT_NAMED = "payouts.account_named"
    PAYOUT_REQUESTED = "payouts.requested"
    PAYOUT_APPROVED = "payouts.approved"
    PAYOUT_REJECTED = "payouts.rejected"
    PAYOUT_CANCELLED = "payouts.cancelled"
    PAYOUT_PAID = "payouts.paid"
    PAYOUT_FAILED = "payouts.failed"
    PAYOUT_BATCH_MADE = "payouts.batch_made"
    PAYOUT_BATCH_CALLED_OFF = "payouts.batch_called_off"

    EARNINGS_RELEASED = "earnings.released"
    EARNINGS_RELEASED_EARLY = "earnings.released_early"
    VENDOR_TERMS_SET = "earnings.terms_set"
    VENDOR_ADJUSTED = "earnings.adjusted"

    DIFFERENCE_CLOSED = "reconciliation.closed"
    SETTLEMENT_RECORDED = "reconciliation.settled"

    COMMISSION_RULE_ADDED = "commissions.rule_added"
    COMMISSION_RULE_CHANGED = "commissions.rule_changed"
    COMMISSION_RULE_REMOVED = "commissions.rule_removed"
    COMMISSION_RULES_ARRANGED = "commissions.rules_arranged"
    COMMISSION_PLAN_ADDED = "commissions.plan_added"
    COMMISSION_PLAN_CHANGED = "commissions.plan_changed"
    COMMISSION_PLAN_REMOVED = "commissions.plan_removed"
    VENDOR_PLAN_SET = "commissions.vendor_plan_set"

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
    SYNONYMS = "synonyms"
    ORDER = "order"
    REFUND = "refund"
    PAYMENT_EXCEPTION = "payment_exception"
    PAYMENT_REVIEW = "payment_review"
    FRAUD_RULES = "fraud_rules"
    CASH_PAYMENT = "cash_payment"
    CASH_COLLECTION = "cash_collection"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    PAYOUT_BATCH = "payout_batch"
    DIFFERENCE = "difference"
    SETTLEMENT = "settlement"
    REVIEW = "review"
    COMMISSION_RULE = "commission_rule"
    COMMISSION_PLAN = "commission_plan"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and in which role."""

    id: UUID
    user_type: UserType
