"""The simulated account, held in memory: what it has, and how it changes."""

import secrets
import time
from typing import Any

from simulators.stripe.form import Form, number, part, text

# docs.stripe.com/testing: methods that end as their name says.
DECLINING = {
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
}
ASKING = frozenset({"pm_card_authenticationRequired", "pm_card_threeDSecure2Required"})
PAYING = {"pm_card_visa": "visa", "pm_card_mastercard": "mastercard", "pm_card_amex": "amex"}
LARGEST = 99_999_999

Row = dict[str, Any]


class Refused(Exception):
    """An answer of Stripe that is an error."""

    def __init__(self, status: int, kind: str, message: str, **more: object) -> None:
        self.status = status
        self.error = {"type": kind, "message": message, **more}


def invalid(message: str, name: str, code: str = "parameter_invalid") -> Refused:
    """Return the refusal of a wrong field."""
    return Refused(400, "invalid_request_error", message, param=name, code=code)


def missing(kind: str, object_id: str) -> Refused:
    """Return the refusal of an id that nobody knows."""
    text_ = f"No such {kind}: '{object_id}'"
    return Refused(404, "invalid_request_error", text_, code="resource_missing", param="id")


class Account:
    """Objects by id, oldest first."""

    def __init__(self) -> None:
        self.intents: dict[str, Row] = {}
        self.refunds: dict[str, Row] = {}
        self.disputes: dict[str, Row] = {}

    def pay(self, form: Form, site: str) -> Row:
        """Make a PaymentIntent and, where asked to, confirm it."""
        amount, currency = number(form, "amount"), text(form, "currency")
        if amount is None or not 1 <= amount <= LARGEST:
            raise invalid("Invalid integer: amount", "amount")
        if currency is None:
            raise invalid("Missing required param: currency.", "currency", "parameter_missing")
        method = text(form, "payment_method") or text(form, "confirmation_token")
        is_confirmed = text(form, "confirm") == "true"
        if is_confirmed and method not in DECLINING | PAYING.keys() | ASKING:
            raise invalid(
                f"No such PaymentMethod: '{method}'", "payment_method", "resource_missing"
            )
        intent: Row = {
            "id": f"pi_{secrets.token_hex(12)}",
            "object": "payment_intent",
            "amount": amount,
            "currency": currency,
            "created": int(time.time()),
            "status": "requires_confirmation" if method else "requires_payment_method",
            "client_secret": secrets.token_hex(16),
            "metadata": part(form, "metadata"),
            "description": text(form, "description"),
            "last_payment_error": None,
            "next_action": None,
            "latest_charge": None,
            "payment_method": method,
            "return_url": text(form, "return_url"),
        }
        self.intents[intent["id"]] = intent
        if is_confirmed and method:
            self._confirm(intent, method, site)
        return intent

    def _confirm(self, intent: Row, method: str, site: str) -> None:
        if method in ASKING:
            intent["status"] = "requires_action"
            url = f"{site}/_bank/{intent['id']}"
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
        elif method in DECLINING:
            self.finish(intent, "requires_payment_method", DECLINING[method])
            error = intent["last_payment_error"]
            raise Refused(402, "card_error", **error, payment_intent=intent)
        else:
            self.finish(intent, "succeeded")

    def finish(self, intent: Row, status: str, decline: str = "generic_decline") -> None:
        """Let a PaymentIntent end, whatever it was before."""
        intent["status"], intent["next_action"] = status, None
        brand = PAYING.get(intent["payment_method"] or "", "visa")
        card = {"brand": brand, "last4": "4242", "country": "US"}
        if status == "succeeded":
            intent["latest_charge"] = {
                "id": f"ch_{secrets.token_hex(12)}",
                "object": "charge",
                "payment_method_details": {"card": card, "type": "card"},
            }
        if status == "requires_payment_method":
            intent["last_payment_error"] = {
                "code": "card_declined",
                "decline_code": decline,
                "message": "Your card was declined.",
            }

    def refund(self, form: Form, status: str) -> Row:
        """Give back what is left of a payment, or a part of that."""
        intent = self.intent(text(form, "payment_intent") or "")
        given = [
            one
            for one in self.refunds.values()
            if one["payment_intent"] == intent["id"] and one["status"] != "failed"
        ]
        left = intent["amount"] - sum(one["amount"] for one in given)
        amount = number(form, "amount") or left
        if intent["status"] != "succeeded":
            raise invalid("This PaymentIntent does not have a successful charge.", "payment_intent")
        if left == 0:
            text_ = "Charge has already been refunded."
            raise invalid(text_, "payment_intent", "charge_already_refunded")
        if not 0 < amount <= left:
            raise invalid("Refund amount is greater than the amount left.", "amount")
        refund: Row = {
            "id": f"re_{secrets.token_hex(12)}",
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "created": int(time.time()),
            "payment_intent": intent["id"],
            "metadata": part(form, "metadata"),
            "status": status,
        }
        self.refunds[refund["id"]] = refund
        return refund

    def dispute(
        self, intent: Row, amount: int | None = None, status: str = "needs_response"
    ) -> Row:
        """Let the holder of the card deny a payment, or a part of it."""
        dispute: Row = {
            "id": f"dp_{secrets.token_hex(12)}",
            "object": "dispute",
            "amount": amount or intent["amount"],
            "currency": intent["currency"],
            "created": int(time.time()),
            "payment_intent": intent["id"],
            "reason": "fraudulent",
            "status": status,
            "evidence_details": {"due_by": int(time.time()) + 604_800},
        }
        self.disputes[dispute["id"]] = dispute
        return dispute

    def intent(self, intent_id: str) -> Row:
        """Find a PaymentIntent, or answer that there is none."""
        if intent_id not in self.intents:
            raise missing("payment_intent", intent_id)
        return self.intents[intent_id]

    def reset(self) -> None:
        """Forget everything."""
        for rows in (self.intents, self.refunds, self.disputes):
            rows.clear()
