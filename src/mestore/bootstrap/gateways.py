"""The payment gateways that the settings have keys for."""

import importlib

from mestore.bootstrap.clients import Clients
from mestore.bootstrap.efecty import efecty_gateway
from mestore.kernel.breaker import Breaker
from mestore.kernel.db import Database
from mestore.payments.adapters.payu import DEADLINE_SECONDS, PayUGateway
from mestore.payments.adapters.payu_client import PayUAccount
from mestore.payments.adapters.payu_wire import Algorithm
from mestore.payments.adapters.wompi import WompiGateway, WompiKeys
from mestore.payments.ports import PaymentGateway
from mestore.settings import Settings


def payment_gateways(
    settings: Settings, clients: Clients, breaker: Breaker, database: Database
) -> dict[str, PaymentGateway]:
    """Return the configured gateways by their codes; the first one that takes a method is asked."""
    gateways: dict[str, PaymentGateway] = {"wompi": _wompi(settings, clients, breaker)}
    gateways.update(_stripe(settings, clients, breaker))
    # Before every other gateway that takes Efecty: an agreement of one's own comes first.
    gateways.update(efecty_gateway(settings, database))
    gateways.update(_payu(settings, clients, breaker))
    return gateways


def _wompi(settings: Settings, clients: Clients, breaker: Breaker) -> WompiGateway:
    keys = WompiKeys(
        public=settings.wompi_public_key,
        private=settings.wompi_private_key.get_secret_value(),
        events=settings.wompi_events_secret.get_secret_value(),
        integrity=settings.wompi_integrity_secret.get_secret_value(),
    )
    return WompiGateway(
        keys,
        clients.open(),
        settings.wompi_base_url,
        breaker,
        refund_methods=settings.wompi_refund_methods,
    )


def _stripe(settings: Settings, clients: Clients, breaker: Breaker) -> dict[str, PaymentGateway]:
    account = settings.stripe_account(is_development=settings.is_development)
    if account is None:
        return {}
    # The SDK takes a while to load, so its adapter is loaded only where it is asked for.
    adapter = importlib.import_module("mestore.payments.adapters.stripe")
    keys = adapter.StripeKeys(account.publishable, account.secret, account.webhook)
    gateway = adapter.StripeGateway(keys, clients.open(), account.base_url, breaker)
    return {gateway.code: gateway}


def _payu(settings: Settings, clients: Clients, breaker: Breaker) -> dict[str, PaymentGateway]:
    keys = settings.payu_keys(is_development=settings.is_development)
    if keys is None:
        return {}
    account = PayUAccount(
        merchant_id=keys.merchant_id,
        account_id=keys.account_id,
        api_login=keys.api_login,
        api_key=keys.api_key,
        algorithm=Algorithm(settings.payu_signature_algorithm),
    )
    gateway = PayUGateway(
        account,
        clients.open(total_seconds=DEADLINE_SECONDS),
        settings.payu_base_url,
        breaker,
        notify_url=f"{settings.base_url}/api/v1/payments/webhook/{PayUGateway.code}",
    )
    return {gateway.code: gateway}
