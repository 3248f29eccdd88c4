"""Efecty by an own agreement, where the settings have a secret for it."""

from mestore.kernel.db import Database
from mestore.kernel.money import to_minor
from mestore.payments.adapters.efecty import EfectyGateway
from mestore.payments.ports import PaymentGateway
from mestore.payments.service import CashBookInTables
from mestore.payments.vouchers import EfectyPolicy
from mestore.settings import Environment, Settings


def efecty_policy(settings: Settings) -> EfectyPolicy:
    """Return the agreement; without a secret it is not offered."""
    is_development = settings.environment is Environment.DEVELOPMENT
    return EfectyPolicy(
        secret=settings.efecty_key(is_development=is_development),
        convenio=settings.efecty_convenio,
        gln=settings.efecty_gln,
        prefix=settings.efecty_prefix,
        check_digit=settings.efecty_check_digit,
        amount_digits=settings.efecty_amount_digits,
        minimum_minor=to_minor(settings.efecty_minimum),
        maximum_minor=to_minor(settings.efecty_maximum),
        expiry_hours=settings.efecty_expiry_hours,
        is_production=settings.is_production,
    )


def efecty_gateway(settings: Settings, database: Database) -> dict[str, PaymentGateway]:
    """Return the gateway by its code, or nothing; its truth is in our own tables."""
    policy = efecty_policy(settings)
    if policy.secret is None:
        return {}
    gateway = EfectyGateway(policy, CashBookInTables(database))
    return {gateway.code: gateway}
