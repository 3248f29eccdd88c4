"""A small marketplace: a buyer and a vendor with things of their own, and strangers around them."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import insert, select, update

from mestore.accounts.models import User
from mestore.accounts.models.passkeys import Passkey
from mestore.accounts.types import Permission, UserType
from mestore.kernel.clock import now
from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.ledger.service import LedgerService
from mestore.ledger.types import (
    EntryKind,
    Posting,
    vendor_available_account,
    vendor_pending_account,
)
from mestore.orders.types import Address, PlacedOrder
from mestore.payments.service import PaymentService
from mestore.payments.types import PaymentMethod
from mestore.payouts.service.accounts import name_account
from mestore.payouts.service.request import request_payout
from mestore.payouts.types import AccountType, BankAccount, DocumentType
from mestore.vendors.service import vendor_of
from tests.build import Build, BuiltProduct, BuiltUser, BuiltVendor
from tests.checkout.till import Till, owner_of
from tests.conftest import AsUser
from tests.security.operations import Operation, credential, sample

HOME = Address("Zulema Reservada", "+573009998877", "Calle Escondida 77", "Mitú", "Vaupés")
KEY_MAY = (Permission.PRODUCTS_VIEW, Permission.INVENTORY_VIEW)


class Kind(StrEnum):
    """Who calls. The things asked about are the buyer's and the vendor's."""

    ANONYMOUS = "anonymous"
    GUEST = "guest"
    BUYER = "buyer"
    OTHER_BUYER = "other buyer"
    VENDOR = "vendor"
    OTHER_VENDOR = "other vendor"
    ADMIN = "admin"
    SUPERUSER = "superuser"
    SUSPENDED = "suspended"
    ENDED = "ended"
    KEY = "key of the vendor"


POWERLESS = (Kind.SUSPENDED, Kind.ENDED)
"""Whose tokens worked once."""


@dataclass(frozen=True, slots=True)
class World:
    """What there is, by the names that paths and bodies use; how each kind of caller says who.

    `spare` is another session of each, to be signed out of.
    """

    ids: dict[str, Any]
    headers: dict[Kind, dict[str, str]]
    spare: dict[Kind, dict[str, str]]
    buyer: BuiltUser
    vendor: BuiltVendor
    hidden: BuiltProduct
    secrets: tuple[str, ...]

    def body(self, operation: Operation) -> Any:  # noqa: ANN401  any JSON
        """Return a valid body, or None where the operation takes none."""
        if operation.schema is None:
            return None
        special = self._special().get(operation.name)
        return special or sample(operation.schema, self.ids)

    def _special(self) -> dict[str, Any]:
        """Return the bodies that a schema alone does not tell."""
        product, user = self.ids["product_id"], self.ids["user_id"]
        ship = {"shipping_address": "Calle 100", "shipping_city": "Cali", "shipping_state": "Valle"}
        ship |= {"shipping_name": "Sample", "shipping_phone": "+573001234567"}
        line = {"product_id": product, "variant_id": self.ids["variant_id"], "quantity": 1}
        sign_in = {"email": self.buyer.email, "password": self.buyer.password}
        pse = {"user_type": 0, "user_legal_id_type": "CC", "user_legal_id": "1099888777"}
        pse |= {"financial_institution_code": "1", "full_name": "Sample"}
        return {
            "POST /auth/login": sign_in,
            "POST /auth/admin-login": sign_in,
            "POST /auth/register": _person("new-buyer@example.com"),
            "POST /auth/mfa/verify": {"code": "000000"},
            "POST /auth/passkeys/register/verify": {"credential": credential()},
            "POST /auth/passkeys/login/verify": {"credential": credential()},
            "POST /auth/api-keys": {"name": "ERP", "permissions": [KEY_MAY[0]]},
            "POST /auth/sessions/revoke-all": {"keep_current": True},
            "PUT /auth/me": {"company": "Sample"},
            "PUT /users/{user_id}": {"company": "Sample"},
            "POST /users/bulk-update": {"ids": [user], "changes": {"language": "es"}},
            "PUT /users/{user_id}/permissions": {"grant": [{"permission": "orders.view"}]},
            "POST /cart/items": line,
            "POST /orders": {**ship, "items": [line], "customer_email": "somebody@example.com"},
            "POST /payments/process": {
                "order_id": self.ids["order_id"],
                "payment_method": "PSE",
                "payment_data": pse,
            },
            "POST /payments/process/payu": {
                "order_id": self.ids["order_id"],
                "payment_method": "PSE",
                "payment_data": pse,
            },
            "POST /payments/process/efecty": {"order_id": self.ids["order_id"]},
            "POST /payments/create-intent": {"order_id": self.ids["order_id"], "amount": 1000},
            "POST /payments/confirm": {
                "intent_id": self.ids["intent_id"],
                "payment_method": "PSE",
                "payment_data": pse,
            },
            "POST /refunds/{refund_id}/bank-account": {
                "bank": "Banco Ejemplo",
                "account_type": "SAVINGS",
                "account_number": "12345678",
                "holder_name": "Sample",
                "legal_id_type": "CC",
                "legal_id": "1099888777",
            },
            "PUT /admin/payments/fraud/rules": {
                "version": 0,
                "review_from": 50,
                "refuse_from": 90,
                "reason": "Sample",
            },
            "POST /admin/payments/fraud/reviews/{review_id}/decide": {
                "decision": "approve",
                "reason": "Sample",
            },
            "POST /admin/search/synonyms": {"words": ["zapallo", "ahuyama"]},
            "PUT /admin/search/synonyms/{group_key}": {"words": ["zapallo", "ahuyama"]},
            "POST /commissions/simulate": {"product_id": product},
            "POST /admin/commission-rules": {"name": "Sample", "formula": {"percent": 7}},
            "PUT /admin/commission-rules/order": {"rule_ids": []},
            "PUT /admin/commission-rules/{rule_id}": {"name": "Sample", "formula": {"percent": 7}},
            "POST /admin/commission-plans": {"name": "Sample"},
            "PUT /admin/commission-plans/{plan_id}": {"name": "Sample"},
            "PUT /admin/vendors/{vendor_id}/commission-plan": {"plan_id": None},
            "POST /admin/disputes": {
                "order_id": self.ids["order_id"],
                "cause": "FRAUD",
                "bank_reference": "RAD-1",
            },
            "POST /admin/disputes/{dispute_id}/evidence": {"text": "Sample"},
            "POST /vendors/disputes/{dispute_id}/evidence": {"text": "Sample"},
            "PUT /admin/disputes/{dispute_id}/state": {"state": "WON", "reason": "Sample"},
            "POST /admin/reconciliation/{difference_id}/close": {"reason": "Looked into"},
            "POST /admin/reconciliation/settlements": {
                "gateway": "wompi",
                "bank_reference": "LIQ-1",
                "settled_on": "2026-01-31",
                "amount": 10**9,
            },
            "POST /admin/vendors/{vendor_id}/adjustments": {
                "amount": 1000,
                "reference": f"CASO-{uuid7()}",
                "reason": "Sample",
            },
            "POST /commissions/approve": {"order_ids": [self.ids["order_id"]]},
            "PUT /admin/vendors/{vendor_id}/terms": {
                "reserve_percent": 10,
                "reserve_days": 30,
                "reason": "new shop",
            },
            "PATCH /orders/{order_id}": {"tracking_number": "GUIA-1"},
            "POST /cart/merge": {"session_id": "nobodys-session-1"},
            "POST /products": {"name": "New", "sku": "NEW-SKU-1", "price": 1000},
            "PUT /products/{product_id}": {"name": "New", "sku": "NEW-SKU-2", "price": 1000},
            "POST /products/{product_id}/variants": {"sku": "SAMPLE-VARIANT"},
            "PUT /products/{product_id}/variants/{variant_id}": {"sku": "NOT-THE-DEFAULT"},
            "PUT /products/bulk-update": {"products": [{"id": self.ids["product_id"], "price": 1}]},
            "POST /products/bulk-update": {
                "products": [{"id": self.ids["product_id"], "price": 1}]
            },
            "POST /products/bulk-import": {
                "products": [{"sku": "BULK-1", "name": "Sample", "price": 1000}]
            },
            "POST /inventory/import": {"stock": [{"sku": "BULK-1", "quantity": 1}]},
            "POST /products/bulk-delete": {"ids": ["00000000-0000-4000-8000-000000000000"]},
            "POST /inventory/locations": {"name": "Sample place"},
            "PUT /inventory/locations/{location_id}": {"name": "Otra"},
            "PATCH /products/{product_id}": {"brand": "Sample"},
            "PUT /products/{product_id}/images/order": {"ids": []},
            "PUT /products/{product_id}/inventory": {"low_stock_threshold": 3},
            "POST /products/{product_id}/inventory/adjust": {"delta": 1, "reason": "counted"},
            "PUT /admin/products/{product_id}/status": {"status": "APPROVED"},
            "PUT /admin/products/{product_id}/changes": {"accept": True},
            "PUT /search/history": {"is_kept": True},
            "POST /search/saved": {"name": "Sample", "query": "mesa"},
            "PATCH /search/saved/{search_id}": {"is_alerting": False},
            "POST /price-alerts": {"product_id": product},
            "POST /categories": {"name": "New category"},
            "PUT /categories/{category_id}": {"name": "Renamed"},
            "PUT /vendors/profile": {"description": "Sample"},
            "PUT /vendors/{vendor_id}": {"description": "Sample"},
            "PUT /admin/vendors/{vendor_id}/status": {"status": "APPROVED"},
            "POST /vendors/register": _person("new-vendor@example.com")
            | {"business_name": "New shop", "city": "Cali", "accept_terms": True}
            | {"phone": "+573001234567"},
            "PUT /vendors/bank-account": {
                "bank_code": "1007",
                "account_type": "AHORROS",
                "account_number": "12345678901",
                "holder_name": "Sample",
                "document_type": "CC",
                "document_number": "1099888777",
            },
            "POST /payouts/{payout_id}/pay": {"bank_reference": "TR-1"},
            "POST /payouts/webhook/wompi": {"event": "payout.updated"},
            "POST /payments/webhook": {"event": "transaction.updated"},
            "POST /payments/webhook/efecty": {"event": "transaction.updated"},
            "POST /payments/efecty/confirm": {
                "referencia": "119999999996",
                "valor": 65000,
                "autorizacion": "A1",
            },
            "POST /payments/efecty/consulta": {
                "convenio": "990014",
                "referencia": "119999999996",
                "firma": "0" * 64,
            },
            "POST /payments/webhook/{gateway}": {"event": "transaction.updated"},
        }


def _person(email: str) -> dict[str, Any]:
    return {
        "email": email,
        "password": "Sample-pass-1",
        "first_name": "Sample",
        "last_name": "Person",
    }


@dataclass(frozen=True, slots=True)
class Founder:
    """Makes a world."""

    client: httpx2.AsyncClient
    database: Database
    build: Build
    as_user: AsUser
    users: dict[Kind, BuiltUser] = field(default_factory=dict)

    async def found(self) -> World:
        """Make people, their things, and a session or key of every kind of caller."""
        build = self.build
        buyer = await build.user()
        await self._christen(buyer)
        vendor, other_vendor = await build.vendor(), await build.vendor()
        category = await build.category()
        product = await build.product(stock=100, vendor=vendor, category=category)
        hidden = await build.product(vendor=vendor, approved=False, name="Zarza oculta")
        headers = await self._headers(buyer, vendor, other_vendor)
        ids = await self._ids(buyer, product, headers)
        ids |= {"vendor_id": str(vendor.id), "category_id": str(category.id)}
        ids["job_id"] = await self._job(headers)
        secrets = (buyer.email, HOME.name, HOME.address, HOME.phone, vendor.owner.email)
        spare = {
            kind: await self.as_user(user)
            for kind, user in self.users.items()
            if kind not in POWERLESS
        }
        return World(ids, headers, spare, buyer, vendor, hidden, secrets)

    async def _christen(self, buyer: BuiltUser) -> None:
        """Give the buyer a name that nobody else has."""
        names = {"first_name": "Zulema", "last_name": "Reservada", "phone": HOME.phone}
        async with self.database.transaction() as tx:
            await tx.connection.execute(update(User).where(User.id == buyer.id).values(names))

    async def _headers(
        self, buyer: BuiltUser, vendor: BuiltVendor, other_vendor: BuiltVendor
    ) -> dict[Kind, dict[str, str]]:
        suspended, ended, other = [await self.build.user() for _ in range(3)]
        staff = [await self.build.user(role) for role in (UserType.ADMIN, UserType.SUPERUSER)]
        users = {
            Kind.BUYER: buyer,
            Kind.OTHER_BUYER: other,
            Kind.VENDOR: vendor.owner,
            Kind.OTHER_VENDOR: other_vendor.owner,
            Kind.ADMIN: staff[0],
            Kind.SUPERUSER: staff[1],
            Kind.SUSPENDED: suspended,
            Kind.ENDED: ended,
        }
        self.users.update(users)
        found = {kind: await self.as_user(user) for kind, user in users.items()}
        found |= {Kind.ANONYMOUS: {}, Kind.GUEST: {"Session-ID": "a-guest-session-1"}}
        await self.client.post("/auth/logout", headers=found[Kind.ENDED])
        # In the table alone: also a session that was left open must not let them in.
        await self._suspend(suspended)
        body = {"name": "ERP", "permissions": KEY_MAY}
        made = await self.client.post("/auth/api-keys", json=body, headers=found[Kind.VENDOR])
        found[Kind.KEY] = {"Authorization": f"Bearer {made.json()['key']}"}
        # The first use is noted, once a minute.
        await self.client.get("/products/my-products", headers=found[Kind.KEY])
        return found

    async def _suspend(self, user: BuiltUser) -> None:
        change = update(User).where(User.id == user.id).values(is_active=False)
        async with self.database.transaction() as tx:
            await tx.connection.execute(change)

    async def _ids(
        self, buyer: BuiltUser, product: BuiltProduct, headers: dict[Kind, dict[str, str]]
    ) -> dict[str, Any]:
        till = Till(self.database, self.build)
        order = await till.place(product, owner=owner_of(buyer), ship_to=HOME)
        payment_id = await self._attempt(order)
        await self.build.cart(product, buyer=buyer)
        client = self.client
        cart = (await client.get("/cart", headers=headers[Kind.BUYER])).json()
        # One that is left over after the session in use has done everything.
        await self.as_user(buyer)
        sessions = (await client.get("/auth/sessions", headers=headers[Kind.BUYER])).json()
        keys = (await client.get("/auth/api-keys", headers=headers[Kind.VENDOR])).json()
        return {
            "user_id": str(buyer.id),
            "product_id": str(product.id),
            "variant_id": str(product.variant_id),
            # The product has no picture: any id will do.
            "image_id": str(product.variant_id),
            # No vendor's: made by no one here.
            "location_id": "999999",
            "order_id": order.id,
            "intent_id": str(payment_id),
            "item_id": cart["items"][0]["id"],
            "session_id": next(s["id"] for s in sessions["sessions"] if not s["current"]),
            "passkey_id": await self._passkey(buyer),
            "key_id": keys["api_keys"][0]["id"],
            # There are none of these: who may is told so.
            "refund_id": "1",
            "dispute_id": "1",
            "exception_id": "1",
            "difference_id": "1",
            "batch_id": "999999",
            "payout_id": await self._payout(product.vendor),
            "rule_id": "999999",
            "plan_id": "999999",
            "group_key": "999999",
            "review_id": "1",
            **await self._interests(product, headers),
            "period": "2026-01",
            "gateway": "wompi",
            "voucher_code": "119999999996",
            "provider": "google",
        }

    async def _interests(
        self, product: BuiltProduct, headers: dict[Kind, dict[str, str]]
    ) -> dict[str, str]:
        """Let the buyer save a search and watch a price."""
        bodies = {
            "/search/saved": {"name": "Zulema's", "query": "Zarza"},
            "/price-alerts": {"product_id": str(product.id), "variant_id": str(product.variant_id)},
        }
        made = [
            await self.client.post(path, json=body, headers=headers[Kind.BUYER])
            for path, body in bodies.items()
        ]
        search_id, alert_id = (str(answer.json()["id"]) for answer in made)
        return {"search_id": search_id, "alert_id": alert_id}

    async def _job(self, headers: dict[Kind, dict[str, str]]) -> str:
        """Begin an import of the vendor's that nobody works on."""
        body = {"products": [{"sku": "JOB-1", "name": "Sample", "price": 1000}]}
        path = "/products/bulk-import"
        made = await self.client.post(path, json=body, headers=headers[Kind.VENDOR])
        return str(made.json()["id"])

    async def _attempt(self, order: PlacedOrder) -> UUID:
        amount = (order.draft.total_minor, order.draft.currency)
        async with self.database.transaction() as tx:
            attempt = await PaymentService(tx).open_attempt(
                order.id, order.order_number, *amount, "wompi", PaymentMethod.PSE, 1
            )
        return attempt.payment_id

    async def _payout(self, vendor: BuiltVendor) -> str:
        """Let the vendor ask for all that it has, with a bank account of its own."""
        account = BankAccount(
            "1007", AccountType.AHORROS, "77665544332", "Zulema", DocumentType.CC, "1099888777"
        )
        async with self.database.transaction() as tx:
            postings = [
                Posting(vendor_pending_account(vendor.id), 5_000_000),
                Posting(vendor_available_account(vendor.id), -5_000_000),
            ]
            kind = EntryKind.ADJUSTMENT
            await LedgerService(tx).transfer(kind, "world:1", None, "COP", postings)
            await name_account(tx, vendor.id, account)
        async with self.database.transaction() as tx:
            shop = await vendor_of(tx.connection, vendor.owner.id)
            return str(await request_payout(tx, shop, None, vendor.owner.id))

    async def _passkey(self, buyer: BuiltUser) -> str:
        key_id = uuid7()
        values = {
            "id": key_id,
            "user_id": buyer.id,
            "digest": hashlib.sha256(key_id.bytes).hexdigest(),
            "credential_id": key_id.bytes,
            "public_key": b"none",
            "sign_count": 0,
            "transports": [],
            "name": "Zulema's phone",
            "created_at": now(),
        }
        async with self.database.transaction() as tx:
            await tx.connection.execute(insert(Passkey), values)
        return str(key_id)


async def checksums(database: Database) -> dict[str, str]:
    """Return a digest of the rows of every table."""
    found = {}
    async with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            rows = (await connection.execute(select(table))).all()
            packed = "\n".join(sorted(repr(tuple(row)) for row in rows))
            found[table.name] = f"{len(rows)} rows, {hashlib.sha256(packed.encode()).hexdigest()}"
    return found
