"""The adapter of Efecty over its real tables: the contract, the messages, the files."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from mestore.kernel.clock import now
from mestore.kernel.db import Database
from mestore.payments.adapters.efecty import EfectyGateway
from mestore.payments.errors import (
    Declined,
    GatewayUnavailable,
    NotSubmitted,
    OutcomeUnknown,
    TransactionUnknown,
)
from mestore.payments.models import EfectyVoucher
from mestore.payments.ports import CashBook, PaymentGateway
from mestore.payments.service import CashBookInTables, CashService
from mestore.payments.types import AttemptStatus, Charge, PaymentMethod
from mestore.payments.vouchers import (
    CashKind,
    CashPayment,
    CashSource,
    CashState,
    CashVoucher,
    EfectyPolicy,
)
from tests.conftest import MovedClock
from tests.contracts.money_back import Unable
from tests.contracts.payment_gateway import AMOUNT, PaymentGatewayContract, Sandbox, new_charge
from tests.payments.adapters.efecty_counter import POLICY, forged, message

EFECTY = PaymentMethod.EFECTY
Result = TypeVar("Result")


@dataclass
class Faults:
    """The port `CashBook` over the real one, failing on command as a database can."""

    book: CashBook
    next: list[str] = field(default_factory=list)
    is_gone: bool = False

    async def issue(self, charge_reference: str, amount_minor: int) -> CashVoucher:
        fault = self.next.pop(0) if self.next else None
        if self.is_gone or fault == "before":
            raise NotSubmitted
        voucher = await self.book.issue(charge_reference, amount_minor)
        if fault == "after":
            raise OutcomeUnknown("the commit was not answered")
        return voucher

    async def of_charge(self, charge_reference: str) -> CashState | None:
        return await self._asked().of_charge(charge_reference)

    async def of_reference(self, reference: str) -> CashState | None:
        return await self._asked().of_reference(reference)

    async def between(self, since: datetime, until: datetime) -> list[CashState]:
        return await self._asked().between(since, until)

    def _asked(self) -> CashBook:
        if self.is_gone:
            raise GatewayUnavailable
        return self.book


@dataclass
class EfectySandbox(Unable):
    """Counters of the network, and the faults of the book, in the words of the contract."""

    database: Database
    faults: Faults
    clock: MovedClock

    def charge(self, method: PaymentMethod = EFECTY) -> Charge:
        return new_charge(method, {})

    def invalid_charge(self) -> Charge:
        return replace(self.charge(), amount_minor=AMOUNT + 50)

    def answer_nothing(self) -> None:
        self.faults.next.append("after")

    def fail_afterwards(self) -> None:
        self.faults.next.append("after")

    def refuse_before(self) -> None:
        self.faults.next.append("before")

    def event(self, transaction_id: str, **changes: str | int) -> tuple[Mapping[str, str], bytes]:
        return {}, message(transaction_id, **changes)

    def forged_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return {}, forged(transaction_id)

    def unsigned_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        fields = json.loads(message(transaction_id))
        del fields["firma"]
        return {}, json.dumps(fields).encode()

    def old_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return self.event(transaction_id)

    def given_back(self, transaction_id: str) -> list[int]:
        return []

    def references(self) -> list[str]:
        async def read(database: Database) -> list[str]:
            async with database.read() as connection:
                rows = await connection.execute(select(EfectyVoucher.charge_reference))
                return list(rows.scalars())

        return self._now(read)

    def finish(self, transaction_id: str, status: AttemptStatus) -> None:
        """Pay the voucher at a counter, or let its time and that of the counters pass."""
        if status is AttemptStatus.DECLINED:
            self.clock.advance(timedelta(days=10))
        else:
            self._now(lambda database: tell(database, transaction_id))

    def _now(self, work: Callable[[Database], Coroutine[Any, Any, Result]]) -> Result:
        """Do something from outside of the test's loop, over connections of its own."""

        async def run() -> Result:
            url = self.database.writes.url.render_as_string(hide_password=False)
            database = Database(url, outbox=self.database.outbox, policies=self.database.policies)
            try:
                return await work(database)
            finally:
                await database.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(run())).result()


async def tell(
    database: Database,
    reference: str,
    authorization: str = "A1",
    kind: CashKind = CashKind.PAID,
    amount_minor: int = AMOUNT,
) -> None:
    """Let a counter tell of a payment."""
    payment = CashPayment(reference, authorization, kind, amount_minor, now())
    async with database.transaction() as tx:
        await CashService(tx).confirm(payment, CashSource.NETWORK, b"{}")


@pytest.fixture
def database(database: Database) -> Database:
    """The database of the test, with the agreement as the program gives it."""
    database.policies = {**database.policies, EfectyPolicy: POLICY}
    return database


@pytest.fixture
def sandbox(database: Database, clock: MovedClock) -> EfectySandbox:
    return EfectySandbox(database, Faults(CashBookInTables(database)), clock)


@pytest.fixture
def gateway(sandbox: EfectySandbox) -> EfectyGateway:
    return EfectyGateway(POLICY, sandbox.faults)


@pytest.fixture
def impatient(gateway: EfectyGateway) -> EfectyGateway:
    return gateway


@pytest.fixture
def unreachable(database: Database) -> EfectyGateway:
    return EfectyGateway(POLICY, Faults(CashBookInTables(database), is_gone=True))


class TestContract(PaymentGatewayContract):
    """Efecty keeps what every gateway promises, but for two things that it cannot have."""

    async def test_the_documents_to_accept_have_addresses(self, gateway: PaymentGateway) -> None:
        """There are none: who pays at a counter accepts its terms there."""
        with pytest.raises(GatewayUnavailable):
            await gateway.acceptance()

    async def test_a_genuine_event_is_a_notice_with_the_same_key_every_time(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        """A voucher can be paid twice: the notice names the payment, and only Efecty's numbers."""
        opened = await gateway.start(sandbox.charge(EFECTY))
        headers, body = sandbox.event(opened.transaction_id)

        notice = gateway.verify(headers, body)

        assert notice.transaction_id == f"{opened.transaction_id}-A1"
        assert notice.reference is None
        assert 0 < len(notice.event_key) <= 200
        assert gateway.verify(headers, body) == notice


async def test_a_voucher_has_all_that_a_counter_asks_for(gateway: EfectyGateway) -> None:
    opened = await gateway.start(new_charge(EFECTY, {}))

    voucher = opened.voucher
    assert voucher is not None
    assert voucher.agreement == "990014"
    assert voucher.reference == opened.transaction_id
    assert len(voucher.reference) == 12
    assert voucher.expires_at is not None
    due = (voucher.expires_at - timedelta(hours=5)).strftime("%Y%m%d")
    assert voucher.barcode == (
        f"(415)7700000000002(8020){voucher.reference}(3900)0000065000(96){due}"
    )
    assert voucher.barcode_elements is not None
    assert voucher.barcode_elements.count("<FNC1>") == 3
    assert voucher.barcode_svg is not None
    assert voucher.barcode_svg.startswith("<svg ")
    assert voucher.instructions is not None
    assert any("$ 65.000" in line for line in voucher.instructions)


async def test_without_a_location_number_there_is_no_bar_code(sandbox: EfectySandbox) -> None:
    gateway = EfectyGateway(replace(POLICY, gln=None), sandbox.faults)
    opened = await gateway.start(sandbox.charge())
    assert opened.voucher is not None
    assert (opened.voucher.barcode, opened.voucher.barcode_svg) == (None, None)


async def test_two_charges_get_two_references_also_at_once(
    gateway: EfectyGateway, sandbox: EfectySandbox
) -> None:
    charge = sandbox.charge()
    opened = await asyncio.gather(
        *(gateway.start(each) for each in (charge, charge, sandbox.charge(), sandbox.charge()))
    )
    assert opened[0].transaction_id == opened[1].transaction_id
    assert len({each.transaction_id for each in opened}) == 3


async def test_amounts_out_of_the_limits_are_refused(
    gateway: EfectyGateway, sandbox: EfectySandbox
) -> None:
    for amount in (POLICY.minimum_minor - 100, POLICY.maximum_minor + 100):
        with pytest.raises(Declined):
            await gateway.start(replace(sandbox.charge(), amount_minor=amount))
    assert sandbox.references() == []


async def test_each_payment_of_a_voucher_is_a_transaction_of_its_own(
    gateway: EfectyGateway, database: Database
) -> None:
    opened = await gateway.start(new_charge(EFECTY, {}))
    reference = opened.transaction_id
    await tell(database, f"000{reference}", "A1")
    await tell(database, reference, "B2", amount_minor=AMOUNT + 100)

    first, second = [await gateway.fetch(f"{reference}-{auth}") for auth in ("A1", "B2")]

    assert (await gateway.fetch(reference)).transaction_id == first.transaction_id
    assert first.transaction_id != second.transaction_id
    assert first.reference == second.reference == opened.reference
    assert (first.status, second.status) == (AttemptStatus.APPROVED,) * 2
    assert (first.amount_minor, second.amount_minor) == (AMOUNT, AMOUNT + 100)
    listed = await gateway.transactions(now() - timedelta(hours=1), now() + timedelta(hours=1))
    assert listed == [first, second]
    with pytest.raises(TransactionUnknown):
        await gateway.fetch(f"{reference}-C3")


async def test_an_annulled_payment_is_void_and_another_one_counts(
    gateway: EfectyGateway, database: Database
) -> None:
    opened = await gateway.start(new_charge(EFECTY, {}))
    reference = opened.transaction_id
    await tell(database, reference, "A1")
    await tell(database, reference, "A1", CashKind.ANNULLED)
    for transaction in (reference, f"{reference}-A1"):
        assert (await gateway.fetch(transaction)).status is AttemptStatus.VOIDED

    await tell(database, reference, "B2")

    assert (await gateway.fetch(f"{reference}-A1")).status is AttemptStatus.VOIDED
    assert (await gateway.fetch(reference)).transaction_id == f"{reference}-B2"


async def test_money_for_a_reference_of_the_future_pays_no_later_voucher(
    gateway: EfectyGateway, database: Database
) -> None:
    first = await gateway.start(new_charge(EFECTY, {}))
    following = POLICY.prefix + f"{int(first.transaction_id[2:-1]) + 1:09d}"
    candidates = [f"{following}{digit}" for digit in range(10)]
    for candidate in candidates:
        await tell(database, candidate, "A1")

    opened = await gateway.start(new_charge(EFECTY, {}))

    assert opened.transaction_id in candidates
    assert (await gateway.fetch(opened.transaction_id)).status is AttemptStatus.PENDING
    nobodys = await gateway.fetch(f"{opened.transaction_id}-A1")
    assert nobodys.reference == f"efecty:{opened.transaction_id}"
    assert nobodys.status is AttemptStatus.APPROVED
