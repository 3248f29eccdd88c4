"""Erasure: the right to be forgotten (Ley 1581 de 2012, art. 8), as far as the law lets us."""

from uuid import UUID

from mestore.accounts.errors import AccountErased, NotOnYourself, OpenVendorOrders
from mestore.accounts.events import UserErased
from mestore.accounts.repository import AccessRepository, SessionRepository
from mestore.accounts.repository.external import ExternalRepository
from mestore.accounts.repository.verification import forget
from mestore.accounts.service.activity import ActivityLog
from mestore.accounts.service.acts import record
from mestore.accounts.service.users import NO_PASSWORD, UserService
from mestore.accounts.types import Activity, Caller, Device, UserType
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.views import open_vendor_orders
from mestore.kernel.clock import now
from mestore.kernel.db import Tx

ERASED_DOMAIN = "erased.invalid"


async def erase_user(tx: Tx, actor: Caller, user_id: UUID, device: Device) -> None:
    """Overwrite what says who a user is, in every table of accounts.

    The id, orders and ledger stay: invoices have to be kept, so orders keep their own copy of the
    address. A vendor with open orders is refused: a contract still needs the data.
    """
    users = UserService(tx, actor, device)
    held = await users.hold(user_id)
    user = held[user_id]
    users.check_replaceable(held, user)
    if user_id == actor.user_id and actor.user_type is UserType.SUPERUSER:
        raise NotOnYourself()
    if orders := await open_vendor_orders(tx.connection, user_id):
        raise OpenVendorOrders(orders=orders)
    moment = now()
    blank = {
        "email": f"deleted-{user.number}@{ERASED_DOMAIN}",
        "username": None,
        "password_hash": NO_PASSWORD,
        "first_name": "Deleted",
        "last_name": "user",
        "phone": None,
        "company": None,
        "is_active": False,
        "email_verified": False,
        "phone_verified": False,
        "mfa_enabled": False,
        "marketing_consent": False,
        "failed_logins": 0,
        "locked_until": None,
        "last_login": None,
        "updated_at": moment,
        "erased_at": moment,
    }
    if not await AccessRepository(tx.connection).erase(user_id, blank):
        raise AccountErased()
    await SessionRepository(tx.connection).end_all(user_id, moment)
    await forget(tx.connection, user_id)
    await ExternalRepository(tx.connection).remove_all(user_id)
    tx.publish(UserErased(user_id))
    await ActivityLog(tx).add(user_id, Activity.ERASED, actor_id=actor.user_id)
    record(tx, Act.USER_ERASED, Subject.USER, user_id)
