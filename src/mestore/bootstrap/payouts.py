"""How vendors are paid: the provider that has keys, and the operator's choices."""

from datetime import timedelta

from mestore.bootstrap.clients import Clients
from mestore.kernel.breaker import Breaker
from mestore.kernel.money import to_minor
from mestore.payouts.adapters.wompi_payouts import WompiPayouts, WompiPayoutsKeys
from mestore.payouts.ports import PayoutChannel
from mestore.payouts.types import PayoutPolicy
from mestore.settings import Settings


def payout_provider(settings: Settings, clients: Clients, breaker: Breaker) -> PayoutChannel | None:
    """Return Wompi payouts where all its keys are set."""
    api_key, events = settings.wompi_payouts_api_key, settings.wompi_payouts_events_secret
    user, account = settings.wompi_payouts_user_principal_id, settings.wompi_payouts_account_id
    if not (api_key and events and user and account):
        return None
    keys = WompiPayoutsKeys(api_key.get_secret_value(), user, events.get_secret_value(), account)
    return WompiPayouts(keys, clients.open(), settings.wompi_payouts_base_url, breaker)


def payout_policy(settings: Settings) -> PayoutPolicy:
    """Return how much is paid out, and who approves."""
    return PayoutPolicy(
        minimum_minor=to_minor(settings.payout_minimum),
        four_eyes_from_minor=to_minor(settings.payout_four_eyes_from),
        wallet_maximum_minor=to_minor(settings.payout_wallet_maximum),
        is_daily=settings.payout_cycle == "daily",
        account_hold=timedelta(hours=settings.payout_account_hold_hours),
    )
