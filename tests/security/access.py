"""Who may do what: one line an operation. A new endpoint needs a line here.

The rule says who is turned away, and how; everybody else gets one of the statuses of the line.
Ids in paths name things of the buyer (users, orders, payments, cart lines, sessions, passkeys) or
of the vendor (products, shops, API keys).
"""

from collections.abc import Mapping

from tests.security.world import Kind

Denials = Mapping[Kind, int]

_NOBODY = dict.fromkeys((Kind.ANONYMOUS, Kind.GUEST), 401)
_BUYERS = (Kind.BUYER, Kind.OTHER_BUYER)
_VENDORS = (Kind.VENDOR, Kind.OTHER_VENDOR)
_STAFF = (Kind.ADMIN, Kind.SUPERUSER)
_PEOPLE = (*_BUYERS, *_VENDORS, *_STAFF)


def _only(*allowed: Kind, otherwise: int = 403, **named: int) -> Denials:
    """Return the rule that lets these in; 401 for who is nobody, `otherwise` for the others."""
    denied = dict.fromkeys((kind for kind in (*_PEOPLE, Kind.KEY) if kind not in allowed), 403)
    denied |= {kind: otherwise for kind in denied if kind is not Kind.KEY}
    others = {Kind[name.upper()]: status for name, status in named.items()}
    return {**_NOBODY, **denied, **others}


_KEY_ONLY = {Kind.KEY: 403}

RULES: dict[str, Denials] = {
    "public": {},
    "any user": _only(*_PEOPLE),
    # The cart of whoever asks; a guest is known by the Session-ID header.
    "own cart": {Kind.ANONYMOUS: 400, **_KEY_ONLY},
    "own cart line": {Kind.ANONYMOUS: 400, **_KEY_ONLY}
    | {kind: 404 for kind in (Kind.GUEST, *_PEOPLE) if kind is not Kind.BUYER},
    "buyer or guest": {Kind.ANONYMOUS: 401, **_KEY_ONLY},
    "order's buyer or admin": _only(Kind.BUYER, *_STAFF, otherwise=404, guest=404),
    "order's buyer, vendor or admin": _only(
        Kind.BUYER, Kind.VENDOR, *_STAFF, otherwise=404, guest=404
    ),
    "the buyer alone": _only(Kind.BUYER, otherwise=404),
    "the key's owner alone": _only(Kind.VENDOR, otherwise=404),
    "not for buyers": _only(*_VENDORS, *_STAFF),
    "not for buyers or key": _only(*_VENDORS, Kind.KEY, *_STAFF),
    "job's owner, its key or admin": _only(
        Kind.VENDOR, Kind.KEY, *_STAFF, buyer=403, other_buyer=403, other_vendor=404
    ),
    "self or admin": _only(Kind.BUYER, *_STAFF, otherwise=404, key=404),
    "self or admin, no key": _only(Kind.BUYER, *_STAFF, otherwise=404),
    "any user, no key": _only(*_PEOPLE),
    "admin": _only(*_STAFF),
    "superuser": _only(Kind.SUPERUSER),
    "vendor": _only(*_VENDORS),
    "vendor or key": _only(*_VENDORS, Kind.KEY),
    "product's vendor or admin": _only(
        Kind.VENDOR, *_STAFF, buyer=403, other_buyer=403, other_vendor=404
    ),
    "product's vendor, its key or admin": _only(
        Kind.VENDOR, Kind.KEY, *_STAFF, buyer=403, other_buyer=403, other_vendor=404
    ),
    "order's vendor or admin": _only(
        Kind.VENDOR, *_STAFF, buyer=403, other_buyer=403, other_vendor=404
    ),
    "payout's vendor or admin": _only(
        Kind.VENDOR, *_STAFF, buyer=403, other_buyer=403, other_vendor=404
    ),
    "payout's vendor alone": _only(Kind.VENDOR, other_vendor=404),
    "shop's owner or admin": _only(Kind.VENDOR, *_STAFF),
}

# operation: (rule, the statuses of who may)
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    "POST /auth/register": ("public", (201,)),
    "POST /auth/login": ("public", (200,)),
    # The credentials of the sample request are a buyer's: the answer is that of a wrong password.
    "POST /auth/admin-login": ("public", (401,)),
    "POST /auth/refresh-token": ("public", (401,)),
    "POST /auth/refresh": ("public", (401,)),
    "POST /auth/forgot-password": ("public", (202,)),
    "POST /auth/reset-password": ("public", (400, 401, 422)),
    "POST /auth/verify-email": ("public", (400, 401, 422)),
    "POST /auth/passkeys/login/options": ("public", (200,)),
    "POST /auth/passkeys/login/verify": ("public", (401,)),
    "GET /auth/oidc": ("public", (200,)),
    # No provider is set up here.
    "GET /auth/oidc/{provider}/start": ("public", (404, 422)),
    "POST /auth/oidc/{provider}/callback": ("public", (404, 422)),
    "GET /auth/health": ("public", (200,)),
    "POST /auth/logout": ("any user", (200,)),
    "GET /auth/me": ("any user", (200,)),
    "PUT /auth/me": ("any user", (200,)),
    "GET /auth/sessions": ("any user", (200,)),
    "POST /auth/sessions/revoke-all": ("any user", (200,)),
    "DELETE /auth/sessions/{session_id}": ("the buyer alone", (200,)),
    "POST /auth/resend-verification": ("any user", (409,)),
    "POST /auth/send-verification-email": ("any user", (409,)),
    "POST /auth/send-verification-sms": ("any user", (200,)),
    "POST /auth/verify-email-otp": ("any user", (409,)),
    "POST /auth/verify-phone-otp": ("any user", (400,)),
    "PUT /auth/change-password": ("any user", (200,)),
    # PUT has changed it already.
    "POST /auth/change-password": ("any user", (400,)),
    "POST /auth/mfa/enable": ("any user", (200,)),
    # The sample request is the one that confirms an app, for which one is signed in.
    "POST /auth/mfa/verify": ("any user", (401, 409, 422)),
    "GET /auth/mfa/backup-codes": ("any user", (409,)),
    "POST /auth/mfa/disable": ("any user", (409,)),
    "POST /auth/passkeys/register/options": ("any user", (200,)),
    "POST /auth/passkeys/register/verify": ("any user", (400, 422)),
    "GET /auth/passkeys": ("any user", (200,)),
    "DELETE /auth/passkeys/{passkey_id}": ("the buyer alone", (200,)),
    "GET /auth/api-keys": ("any user", (200,)),
    "POST /auth/api-keys": ("not for buyers", (201,)),
    "DELETE /auth/api-keys/{key_id}": ("the key's owner alone", (200,)),
    "GET /users": ("admin", (200,)),
    "POST /users": ("admin", (201,)),
    "GET /users/analytics": ("admin", (200,)),
    # Who is no admin gets their own data.
    "GET /users/export": ("any user, no key", (200,)),
    "GET /users/{user_id}/export": ("self or admin, no key", (200,)),
    "POST /users/bulk-update": ("admin", (200,)),
    "GET /users/{user_id}": ("self or admin", (200,)),
    "PUT /users/{user_id}": ("self or admin", (200,)),
    "DELETE /users/{user_id}": ("self or admin", (200,)),
    "GET /users/{user_id}/activity": ("self or admin", (200,)),
    "POST /users/{user_id}/suspend": ("admin", (200,)),
    "POST /users/{user_id}/activate": ("admin", (200,)),
    "GET /users/{user_id}/permissions": ("admin", (200,)),
    "PUT /users/{user_id}/permissions": ("superuser", (200,)),
    "GET /products": ("public", (200,)),
    "POST /products": ("vendor", (201,)),
    "GET /products/my-products": ("vendor or key", (200,)),
    "GET /products/{product_id}": ("public", (200,)),
    "PUT /products/{product_id}": ("product's vendor or admin", (200,)),
    "PATCH /products/{product_id}": ("product's vendor or admin", (200,)),
    "DELETE /products/{product_id}": ("product's vendor or admin", (204,)),
    "GET /products/{product_id}/variants": ("public", (200,)),
    "POST /products/{product_id}/variants": ("product's vendor or admin", (201,)),
    "PUT /products/{product_id}/variants/{variant_id}": ("product's vendor or admin", (409,)),
    "DELETE /products/{product_id}/variants/{variant_id}": ("product's vendor or admin", (409,)),
    "PUT /products/bulk-update": ("not for buyers", (200,)),
    "POST /products/bulk-update": ("not for buyers", (200,)),
    "POST /products/bulk-delete": ("not for buyers", (200,)),
    # Staff has to name a vendor.
    "POST /products/bulk-import": ("not for buyers", (202, 422)),
    "GET /products/export": ("not for buyers or key", (200, 422)),
    "GET /jobs": ("not for buyers or key", (200,)),
    "GET /jobs/{job_id}": ("job's owner, its key or admin", (200,)),
    "GET /jobs/{job_id}/report": ("job's owner, its key or admin", (200,)),
    "DELETE /jobs/{job_id}": ("product's vendor or admin", (200, 409)),
    "POST /inventory/import": ("not for buyers", (202, 422)),
    "GET /products/{product_id}/price-history": ("public", (200,)),
    "GET /products/{product_id}/images": ("public", (200,)),
    # The sample request is no form, and the sample product has no picture.
    "POST /products/{product_id}/images": ("product's vendor or admin", (415,)),
    "PUT /products/{product_id}/images/order": ("product's vendor or admin", (200,)),
    "GET /products/{product_id}/images/{image_id}": ("product's vendor or admin", (404,)),
    "PATCH /products/{product_id}/images/{image_id}": ("product's vendor or admin", (404,)),
    "DELETE /products/{product_id}/images/{image_id}": ("product's vendor or admin", (404,)),
    "GET /products/{product_id}/inventory": ("product's vendor, its key or admin", (200,)),
    "PUT /products/{product_id}/inventory": ("product's vendor or admin", (200,)),
    "POST /products/{product_id}/inventory/adjust": ("product's vendor or admin", (200,)),
    "GET /products/{product_id}/inventory/movements": (
        "product's vendor, its key or admin",
        (200,),
    ),
    "GET /inventory/low-stock": ("vendor or key", (200,)),
    "GET /inventory/locations": ("vendor or key", (200,)),
    "POST /inventory/locations": ("vendor", (201,)),
    "PUT /inventory/locations/{location_id}": ("vendor", (404, 422)),
    "PUT /admin/products/{product_id}/status": ("admin", (200,)),
    "GET /admin/products/changes": ("admin", (200,)),
    "PUT /admin/products/{product_id}/changes": ("admin", (404,)),
    "GET /products/{product_id}/changes": ("product's vendor or admin", (404,)),
    "DELETE /products/{product_id}/changes": ("product's vendor or admin", (404,)),
    "GET /categories": ("public", (200,)),
    "POST /categories": ("admin", (201,)),
    "GET /categories/{category_id}": ("public", (200,)),
    "PUT /categories/{category_id}": ("admin", (200,)),
    "DELETE /categories/{category_id}": ("admin", (204, 409)),
    "GET /cart": ("own cart", (200,)),
    "DELETE /cart": ("own cart", (200,)),
    "POST /cart/items": ("own cart", (201,)),
    "PUT /cart/items/{item_id}": ("own cart line", (200,)),
    "DELETE /cart/items/{item_id}": ("own cart line", (200,)),
    "POST /cart/merge": ("any user", (200,)),
    "GET /orders": ("buyer or guest", (200,)),
    "POST /orders": ("buyer or guest", (201,)),
    "GET /orders/{order_id}": ("order's buyer, vendor or admin", (200,)),
    "DELETE /orders/{order_id}": ("order's buyer or admin", (200, 409, 503)),
    # Not paid yet.
    "PATCH /orders/{order_id}": ("order's vendor or admin", (200, 409)),
    "PUT /orders/{order_id}/status": ("order's vendor or admin", (409,)),
    "PUT /admin/orders/{order_id}/status": ("admin", (409,)),
    "GET /orders/health": ("public", (200,)),
    "POST /orders/{order_id}/refund": ("admin", (200, 409)),
    "POST /admin/orders/{order_id}/refund": ("admin", (200, 409)),
    "POST /orders/{order_id}/refund-quotes": ("admin", (200, 409)),
    "GET /orders/{order_id}/refunds": ("order's buyer or admin", (200,)),
    "GET /refunds/{refund_id}": ("buyer or guest", (404,)),
    "POST /refunds/{refund_id}/bank-account": ("buyer or guest", (404,)),
    "GET /admin/refunds": ("admin", (200,)),
    # Nothing is paid, so nothing can be disputed.
    "GET /admin/disputes": ("admin", (200,)),
    "POST /admin/disputes": ("admin", (409,)),
    "GET /admin/disputes/{dispute_id}": ("admin", (404,)),
    "POST /admin/disputes/{dispute_id}/evidence": ("admin", (404,)),
    "PUT /admin/disputes/{dispute_id}/state": ("admin", (404,)),
    "GET /vendors/disputes": ("vendor", (200,)),
    "GET /vendors/disputes/{dispute_id}": ("vendor", (404,)),
    "POST /vendors/disputes/{dispute_id}/evidence": ("vendor", (404,)),
    "POST /admin/refunds/{refund_id}/transferred": ("admin", (404,)),
    "POST /admin/refunds/{refund_id}/ended": ("admin", (404,)),
    "GET /admin/payments/exceptions": ("admin", (200,)),
    "POST /admin/payments/exceptions/{exception_id}/resolve": ("admin", (404,)),
    "GET /admin/payments/fraud/rules": ("admin", (200,)),
    "PUT /admin/payments/fraud/rules": ("admin", (200, 409)),
    "GET /admin/payments/fraud/rules/versions": ("admin", (200,)),
    "GET /admin/payments/fraud/reviews": ("admin", (200,)),
    "GET /admin/payments/fraud/reviews/{review_id}": ("admin", (404,)),
    "POST /admin/payments/fraud/reviews/{review_id}/decide": ("admin", (404,)),
    "POST /payments/process": ("order's buyer or admin", (200, 409, 503)),
    "POST /payments/process/payu": ("buyer or guest", (200, 404, 409, 422, 503)),
    "POST /payments/process/efecty": ("buyer or guest", (200, 404, 409, 422, 503)),
    "POST /payments/create-intent": ("order's buyer or admin", (200, 409, 422)),
    "POST /payments/confirm": ("order's buyer or admin", (200, 409, 503)),
    "GET /payments/status/order/{order_id}": ("order's buyer or admin", (200,)),
    "GET /payments/status/{intent_id}": ("order's buyer or admin", (200,)),
    # Where a bank sends a browser back to: it tells the status of one payment and nothing else.
    "GET /payments/return/{intent_id}": ("public", (200,)),
    "GET /payments": ("public", (200,)),
    "GET /payments/config": ("public", (200,)),
    "GET /payments/methods": ("public", (200,)),
    "GET /payments/health": ("public", (200,)),
    # Signed by the gateway, and this request is not.
    "POST /payments/webhook": ("public", (400, 401)),
    "POST /payments/webhook/{gateway}": ("public", (400, 401)),
    # Signed by the network, or by staff without a signature; nobody's code is 404.
    "POST /payments/webhook/efecty": ("public", (400, 401)),
    "POST /payments/efecty/confirm": ("admin", (404,)),
    "POST /payments/efecty/consulta": ("public", (400, 401)),
    "GET /payments/efecty/validate/{voucher_code}": ("public", (404,)),
    "POST /admin/payments/efecty/collections": ("admin", (422,)),
    "POST /vendors/register": ("public", (201,)),
    "PUT /vendors/profile": ("vendor", (200,)),
    "GET /vendors/{vendor_id}": ("public", (200,)),
    "PUT /vendors/{vendor_id}": ("shop's owner or admin", (200,)),
    "GET /vendors/{vendor_id}/products": ("public", (200,)),
    "GET /admin/vendors": ("admin", (200,)),
    "PUT /admin/vendors/{vendor_id}/status": ("admin", (200,)),
    # Staff has to name a vendor.
    "GET /vendors/balance": ("not for buyers", (200, 422)),
    "GET /vendors/statements": ("not for buyers", (200, 422)),
    "GET /vendors/statements/{period}": ("not for buyers", (200, 422)),
    "GET /transactions": ("not for buyers", (200,)),
    "POST /commissions/approve": ("admin", (200,)),
    "GET /admin/vendors/{vendor_id}/terms": ("admin", (200,)),
    "PUT /admin/vendors/{vendor_id}/terms": ("admin", (200,)),
    "POST /admin/vendors/{vendor_id}/adjustments": ("admin", (201,)),
    "GET /products/recommendations": ("public", (200,)),
    "GET /products/analytics": ("not for buyers", (200,)),
    "POST /products/{product_id}/optimize": ("product's vendor or admin", (200,)),
    "GET /products/search": ("public", (200,)),
    "POST /products/search": ("public", (200,)),
    "GET /products/suggestions": ("public", (422,)),
    # Nothing was delivered here, and there is no review.
    "POST /products/{product_id}/reviews": ("any user", (403,)),
    "GET /products/{product_id}/reviews": ("public", (200,)),
    "PUT /reviews/{review_id}": ("any user", (404,)),
    "DELETE /reviews/{review_id}": ("any user", (404,)),
    "POST /reviews/{review_id}/helpful": ("any user", (404,)),
    "POST /reviews/{review_id}/report": ("any user", (404,)),
    "POST /reviews/{review_id}/reply": ("vendor or key", (403, 404)),
    "GET /admin/reviews": ("admin", (200,)),
    "PUT /admin/reviews/{review_id}": ("admin", (404,)),
    "GET /commissions": ("not for buyers", (200,)),
    "POST /commissions/simulate": ("admin", (200,)),
    "GET /admin/commission-rules": ("admin", (200,)),
    "POST /admin/commission-rules": ("admin", (201,)),
    # Whoever was here before left a rule that is not named.
    "PUT /admin/commission-rules/order": ("admin", (200, 422)),
    "GET /admin/commission-rules/{rule_id}": ("admin", (404,)),
    "PUT /admin/commission-rules/{rule_id}": ("admin", (404,)),
    "DELETE /admin/commission-rules/{rule_id}": ("admin", (404,)),
    "GET /admin/commission-plans": ("admin", (200,)),
    "POST /admin/commission-plans": ("admin", (201, 409)),
    "PUT /admin/commission-plans/{plan_id}": ("admin", (404,)),
    "DELETE /admin/commission-plans/{plan_id}": ("admin", (404,)),
    "GET /admin/vendors/{vendor_id}/commission-plan": ("admin", (200,)),
    "PUT /admin/vendors/{vendor_id}/commission-plan": ("admin", (200,)),
    # There is one payout of the vendor's; money, accounts and time are missing for more.
    "GET /vendors/bank-account": ("vendor", (200, 404)),
    "PUT /vendors/bank-account": ("vendor", (200,)),
    "GET /payouts": ("not for buyers", (200,)),
    "POST /payouts": ("vendor", (409,)),
    "GET /payouts/{payout_id}": ("payout's vendor or admin", (200,)),
    "POST /payouts/{payout_id}/approve": ("admin", (200, 409)),
    "POST /payouts/{payout_id}/reject": ("admin", (200, 409)),
    "POST /payouts/{payout_id}/pay": ("admin", (200, 409)),
    "DELETE /payouts/{payout_id}": ("payout's vendor alone", (200, 409)),
    # No provider is set up here, so there is nobody to sign events.
    "POST /payouts/webhook/wompi": ("public", (404,)),
    "GET /admin/payout-batches": ("admin", (200,)),
    "POST /admin/payout-batches": ("admin", (201, 409)),
    "GET /admin/payout-batches/{batch_id}": ("admin", (404,)),
    "DELETE /admin/payout-batches/{batch_id}": ("admin", (404,)),
    "GET /admin/payout-batches/{batch_id}/file": ("admin", (404,)),
    "POST /admin/payout-batches/{batch_id}/results": ("admin", (404,)),
    "GET /admin/audit-log": ("admin", (200,)),
    "GET /admin/search/synonyms": ("admin", (200,)),
    "POST /admin/search/synonyms": ("admin", (201,)),
    "PUT /admin/search/synonyms/{group_key}": ("admin", (404,)),
    "DELETE /admin/search/synonyms/{group_key}": ("admin", (404,)),
    "GET /admin/search/zero-results": ("admin", (200,)),
    "GET /search/health": ("admin", (200,)),
    "GET /search/history": ("any user", (200,)),
    "PUT /search/history": ("any user", (200,)),
    "DELETE /search/history": ("any user", (204,)),
    # Nobody searched here.
    "DELETE /search/history/{search_id}": ("any user", (404,)),
    "GET /search/saved": ("any user", (200,)),
    "POST /search/saved": ("any user", (201,)),
    "PATCH /search/saved/{search_id}": ("the buyer alone", (200,)),
    "DELETE /search/saved/{search_id}": ("the buyer alone", (204,)),
    "GET /price-alerts": ("any user", (200,)),
    # The buyer has one of this product.
    "POST /price-alerts": ("any user", (201, 409)),
    "DELETE /price-alerts/{alert_id}": ("the buyer alone", (204,)),
    "GET /products/recently-viewed": ("own cart", (200,)),
    "DELETE /products/recently-viewed": ("own cart", (204,)),
    "GET /admin/reconciliation": ("admin", (200,)),
    "POST /admin/reconciliation/{difference_id}/close": ("admin", (404, 422)),
    "GET /admin/reconciliation/settlements": ("admin", (200,)),
    "POST /admin/reconciliation/settlements": ("admin", (409,)),
    "GET /admin/reconciliation/balances": ("admin", (200,)),
    "GET /health": ("public", (200,)),
    "GET /health/database": ("public", (200,)),
    "GET /health/external": ("admin", (200,)),
    # Tests call from this machine; from elsewhere it takes METRICS_TOKEN.
    "GET /metrics": ("public", (200,)),
}
