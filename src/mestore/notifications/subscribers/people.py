"""What notifications write when something happened to an account or to what somebody watches."""

from mestore.accounts.events import PasswordChanged
from mestore.interests.events import MatchesFound, PricesDropped
from mestore.kernel.db import Tx
from mestore.notifications.service import MailService
from mestore.payouts.events import BankAccountChanged


async def on_bank_account_changed(tx: Tx, event: BankAccountChanged) -> None:
    """Tell the owner of a shop that its money goes to another bank account."""
    await MailService(tx).tell_bank_account(
        event.vendor_id, event.ends_in, event.changed_at, event.usable_from
    )


async def on_password_changed(tx: Tx, event: PasswordChanged) -> None:
    """Tell the owner of an account that its password changed."""
    await MailService(tx).tell_password_changed(event.user_id, event.changed_at)


async def on_prices_dropped(tx: Tx, event: PricesDropped) -> None:
    """Tell a user which prices that they watch fell."""
    await MailService(tx).tell_prices(event)


async def on_matches_found(tx: Tx, event: MatchesFound) -> None:
    """Tell a user which products are new in a search that they saved."""
    await MailService(tx).tell_matches(event)
