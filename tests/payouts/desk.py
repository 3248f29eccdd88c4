"""Where tests pay vendors, through the same services as the API."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import func, select

from mestore.accounts.types import UserType
from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.kernel.ids import uuid7
from mestore.ledger.models import Account, Entry, Line
from mestore.ledger.service import LedgerService
from mestore.ledger.types import (
    EntryKind,
    Posting,
    vendor_available_account,
    vendor_pending_account,
)
from mestore.payouts.jobs import FollowPayouts, follow_payouts
from mestore.payouts.models import PayoutBatch, PayoutRow
from mestore.payouts.service.accounts import name_account
from mestore.payouts.service.batches import make_batch
from mestore.payouts.service.books import findings
from mestore.payouts.service.decide import approve
from mestore.payouts.service.request import request_payout
from mestore.payouts.service.send import send
from mestore.payouts.types import (
    AccountType,
    BankAccount,
    BatchState,
    Channel,
    DocumentType,
    PayoutState,
)
from mestore.vendors.service import vendor_of
from tests.build import Build, BuiltUser, BuiltVendor

ACCOUNT = BankAccount(
    "1007", AccountType.AHORROS, "12345678901", "Ana Gómez", DocumentType.CC, "1099888777"
)
PESOS = 100


@dataclass(frozen=True)
class Desk:
    """Every step opens a transaction of its own, as requests and jobs do."""

    program: App
    database: Database
    build: Build

    async def vendor(
        self, pesos: int = 100_000, *, account: BankAccount | None = ACCOUNT
    ) -> BuiltVendor:
        """Make a vendor with so much to draw, and a bank account."""
        vendor = await self.build.vendor()
        await self.fund(vendor, pesos)
        if account is not None:
            await self.name(vendor, account)
        return vendor

    async def fund(self, vendor: BuiltVendor, pesos: int) -> None:
        """Let a vendor have more to draw, or less."""
        async with self.database.transaction() as tx:
            postings = [
                Posting(vendor_pending_account(vendor.id), pesos * PESOS),
                Posting(vendor_available_account(vendor.id), -pesos * PESOS),
            ]
            key = f"test:{uuid7()}"
            await LedgerService(tx).transfer(EntryKind.ADJUSTMENT, key, None, "COP", postings)

    async def name(self, vendor: BuiltVendor, account: BankAccount = ACCOUNT) -> None:
        """Name a vendor's bank account."""
        async with self.database.transaction() as tx:
            await name_account(tx, vendor.id, account)

    async def ask(self, vendor: BuiltVendor, pesos: int | None = None) -> UUID:
        """Ask for money as the owner of a shop."""
        async with self.database.transaction() as tx:
            found = await vendor_of(tx.connection, vendor.owner.id)
            amount = None if pesos is None else pesos * PESOS
            return await request_payout(tx, found, amount, vendor.owner.id)

    async def admin(self) -> BuiltUser:
        """Make one of the staff."""
        return await self.build.user(UserType.ADMIN)

    async def approve(self, payout_id: UUID, *staff: BuiltUser) -> None:
        """Approve as these, or as one of the staff."""
        for person in staff or [await self.admin()]:
            async with self.database.transaction() as tx:
                await approve(tx, payout_id, person.id)

    async def approved(self, vendor: BuiltVendor | None = None, pesos: int | None = None) -> UUID:
        """Return a payout that was approved."""
        payout_id = await self.ask(vendor or await self.vendor(), pesos)
        await self.approve(payout_id)
        return payout_id

    async def batch(self, channel: Channel, *payout_ids: UUID) -> int:
        """Make a batch of these, or of all that are approved, and send it."""
        async with self.database.transaction() as tx:
            world, staff = self.program.payouts, await self._staff()
            batch_id = await make_batch(tx, world, channel, payout_ids or None, staff)
        if channel is Channel.WOMPI:
            await send(self.program.payouts, batch_id)
        return batch_id

    async def _staff(self) -> UUID:
        return uuid7()

    async def follow(self) -> None:
        """Let the periodic job run once."""
        await follow_payouts(FollowPayouts(), world=self.program.payouts)

    async def follow_all(self) -> None:
        """Let the periodic job run until no batch is due."""
        for _ in range(20):
            await self.follow()

    async def row(self, payout_id: UUID) -> PayoutRow:
        """Return a payout's row."""
        async with self.database.read() as connection:
            query = select(*PayoutRow.__table__.columns).where(PayoutRow.id == payout_id)
            found: PayoutRow = (await connection.execute(query)).one()  # type: ignore[assignment]
        return found

    async def state(self, payout_id: UUID) -> PayoutState:
        """Return how a payout stands."""
        return (await self.row(payout_id)).state

    async def batch_state(self, batch_id: int) -> BatchState:
        """Return how a batch stands."""
        async with self.database.read() as connection:
            query = select(PayoutBatch.state).where(PayoutBatch.id == batch_id)
            found: BatchState = (await connection.execute(query)).scalar_one()
        return found

    async def money(self, vendor: BuiltVendor) -> tuple[int, int]:
        """Return what a vendor may draw, and what is on its way, in pesos."""
        balances = await self.balances()
        start = f"vendor:{vendor.id}"
        return (
            -balances.get(f"{start}:available", 0) // PESOS,
            -balances.get(f"{start}:in-payout", 0) // PESOS,
        )

    async def balances(self) -> dict[str, int]:
        """Return what lies on every account that is not level."""
        query = (
            select(Account.code, func.sum(Line.amount_minor))
            .join(Line, Line.account_id == Account.id)
            .group_by(Account.code)
        )
        async with self.database.read() as connection:
            rows = await connection.execute(query)
            return {code: int(total) for code, total in rows if total}

    async def entries(self, payout_id: UUID) -> list[str]:
        """Return what was posted of a payout, the oldest first."""
        start = f"payout:{payout_id}:"
        query = select(Entry.business_key).where(Entry.business_key.startswith(start))
        async with self.database.read() as connection:
            rows = await connection.execute(query.order_by(Entry.id))
            return [key.removeprefix(start) for key in rows.scalars()]

    async def doctor(self) -> list[str]:
        """Return where payouts and ledger disagree."""
        async with self.database.read() as connection:
            return await findings(connection)


def other(number: str = "99887766554") -> BankAccount:
    """Return another account of the same holder."""
    return replace(ACCOUNT, account_number=number)
