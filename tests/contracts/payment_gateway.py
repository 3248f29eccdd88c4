"""What every payment gateway promises, tried on its simulator over HTTP.

A test module subclasses `PaymentGatewayContract` and gives the fixtures it asks for: `sandbox`;
`gateway`; `impatient`, the same with a short time-out; `unreachable`, where nobody listens.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, Protocol
from uuid import uuid4

import pytest

from mestore.kernel.clock import now
from mestore.payments.errors import (
    BadSignature,
    Declined,
    GatewayUnavailable,
    NotAnEvent,
    NotSubmitted,
    OutcomeUnknown,
    TransactionUnknown,
)
from mestore.payments.ports import PaymentGateway
from mestore.payments.types import AttemptStatus, Charge, Outcome, Payer, PaymentMethod
from tests.conftest import MovedClock
from tests.contracts.money_back import MoneyBackContract, RefundingSandbox

ANA = Payer(
    email="ana@example.com",
    full_name="Ana Gómez",
    phone_number="+573001112233",
    legal_id_type="CC",
    legal_id="1999888777",
    ip_address="190.0.2.7",
)
AMOUNT = 6_500_000


def new_charge(method: PaymentMethod, details: dict[str, object]) -> Charge:
    """A charge of 65,000 pesos under a reference of its own."""
    return Charge(
        reference=f"MS-{uuid4().hex[:12].upper()}-1",
        method=method,
        amount_minor=AMOUNT,
        tax_minor=1_037_815,
        currency="COP",
        payer=ANA,
        description="Pedido MS-2026-000001 en MeStore",
        return_url="https://shop.example/return",
        details=details,
    )


class Sandbox(RefundingSandbox, Protocol):
    """The simulator of a provider, seen from the provider's side."""

    def invalid_charge(self) -> Charge:
        """A charge whose data the provider refuses."""
        ...

    def references(self) -> list[str]:
        """The references of all transactions there are."""
        ...

    def answer_nothing(self) -> None:
        """Act on the next charge, and answer nothing."""
        ...

    def fail_afterwards(self) -> None:
        """Act on the next charge, and answer with a failure."""
        ...

    def refuse_before(self) -> None:
        """Refuse the next charge before looking at it, as too many."""
        ...

    def event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        """A genuine event: its headers and its body."""
        ...

    def forged_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        """An event signed by somebody else."""
        ...

    def unsigned_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        """A genuine event whose signature was taken off."""
        ...

    def old_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        """A genuine event of an hour ago, sent again now."""
        ...


class PaymentGatewayContract(MoneyBackContract):
    """The promises of the port, one test each; those about money back are in their own file."""

    ends_at_once: ClassVar[frozenset[PaymentMethod]] = frozenset()
    """The methods whose charge is approved or declined as soon as it is started."""
    refuses_old_events: ClassVar[bool] = False
    """Whether the signature tells how old an event is; else only its key tells a repeat."""

    def altered(self, body: bytes, opened: Outcome) -> bytes:
        """Return a genuine event made to speak of another payment, in what its provider signs."""
        return body.replace(opened.transaction_id.encode(), b"1-1111111111-99999")

    async def test_a_charge_of_every_method_opens_a_pending_transaction(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        for method in sorted(gateway.methods):
            charge = sandbox.charge(method)
            opened = await gateway.start(charge)

            assert opened.transaction_id
            assert opened.gateway == gateway.code
            assert opened.reference == charge.reference
            at_once = method in self.ends_at_once
            assert opened.status is (AttemptStatus.APPROVED if at_once else AttemptStatus.PENDING)
            assert (opened.amount_minor, opened.currency) == (AMOUNT, "COP")

    @pytest.mark.parametrize("status", [AttemptStatus.APPROVED, AttemptStatus.DECLINED])
    async def test_the_end_of_a_transaction_is_fetched(
        self, gateway: PaymentGateway, sandbox: Sandbox, status: AttemptStatus
    ) -> None:
        opened = await gateway.start(sandbox.charge(sorted(gateway.methods)[0]))
        assert (await gateway.fetch(opened.transaction_id)).status is AttemptStatus.PENDING

        sandbox.finish(opened.transaction_id, status)

        ended = await gateway.fetch(opened.transaction_id)
        assert ended.status is status
        assert ended.reference == opened.reference
        assert (ended.amount_minor, ended.currency) == (AMOUNT, "COP")

    async def test_an_id_that_nobody_knows_is_unknown(self, gateway: PaymentGateway) -> None:
        for transaction_id in ("1-1111111111-99999", "../merchants", ""):
            with pytest.raises(TransactionUnknown):
                await gateway.fetch(transaction_id)

    async def test_a_transaction_is_found_by_its_exact_reference(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        charge = sandbox.charge(sorted(gateway.methods)[0])
        assert await gateway.find(charge.reference) is None

        opened = await gateway.start(charge)

        found = await gateway.find(charge.reference)
        assert found is not None
        assert found.transaction_id == opened.transaction_id
        assert await gateway.find(charge.reference[:-1]) is None
        assert await gateway.find(charge.reference.lower()) is None

    async def test_the_banks_are_real_ones_each_once(self, gateway: PaymentGateway) -> None:
        codes = [bank.code for bank in await gateway.banks()]
        if PaymentMethod.PSE not in gateway.methods:
            assert codes == []
            return
        assert "1007" in codes
        assert "0" not in codes
        assert len(set(codes)) == len(codes)

    async def test_the_profile_has_the_limits_of_every_method(
        self, gateway: PaymentGateway
    ) -> None:
        assert set(gateway.profile.limits) == gateway.methods
        assert gateway.profile.environment == "test"

    async def test_the_documents_to_accept_have_addresses(self, gateway: PaymentGateway) -> None:
        documents = await gateway.acceptance()
        assert documents.policy_url.startswith("https://")
        assert documents.personal_data_url.startswith("https://")
        assert documents.policy_url != documents.personal_data_url

    async def test_a_charge_that_got_in_without_an_answer_is_unknown_and_then_found(
        self, impatient: PaymentGateway, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        charge = sandbox.charge(sorted(gateway.methods)[0])
        sandbox.answer_nothing()
        with pytest.raises(OutcomeUnknown):
            await impatient.start(charge)

        found = await gateway.find(charge.reference)
        assert found is not None
        assert found.amount_minor == AMOUNT
        assert sandbox.references().count(charge.reference) == 1

    async def test_a_failure_after_the_charge_got_in_is_unknown(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        charge = sandbox.charge(sorted(gateway.methods)[0])
        sandbox.fail_afterwards()
        with pytest.raises(OutcomeUnknown):
            await gateway.start(charge)

        assert sandbox.references().count(charge.reference) == 1

    async def test_a_charge_sent_again_adopts_the_transaction_of_the_first_call(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        for method in sorted(gateway.methods):
            charge = sandbox.charge(method)
            opened = await gateway.start(charge)

            again = await gateway.start(charge)

            assert again.transaction_id == opened.transaction_id
            assert sandbox.references().count(charge.reference) == 1

    async def test_a_reference_used_for_another_amount_is_not_adopted(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        charge = sandbox.charge(sorted(gateway.methods)[0])
        await gateway.start(charge)
        with pytest.raises(Declined):
            await gateway.start(replace(charge, amount_minor=AMOUNT + 100))

        assert sandbox.references().count(charge.reference) == 1

    async def test_data_that_the_provider_refuses_is_declined(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        charge = sandbox.invalid_charge()
        with pytest.raises(Declined) as refusal:
            await gateway.start(charge)

        assert 0 < len(refusal.value.details["reason"]) <= 200
        assert charge.reference not in sandbox.references()

    async def test_a_refused_connection_submits_nothing(
        self, unreachable: PaymentGateway, sandbox: Sandbox
    ) -> None:
        charge = sandbox.charge(sorted(unreachable.methods)[0])
        with pytest.raises(NotSubmitted):
            await unreachable.start(charge)
        with pytest.raises(GatewayUnavailable):
            await unreachable.fetch("1-1111111111-99999")
        with pytest.raises(GatewayUnavailable):
            await unreachable.find(charge.reference)

        assert charge.reference not in sandbox.references()

    async def test_a_charge_refused_as_too_many_was_not_submitted(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        charge = sandbox.charge(sorted(gateway.methods)[0])
        sandbox.refuse_before()
        with pytest.raises(NotSubmitted):
            await gateway.start(charge)

        assert charge.reference not in sandbox.references()
        assert (await gateway.start(charge)).reference == charge.reference

    async def test_a_genuine_event_is_a_notice_with_the_same_key_every_time(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        opened = await gateway.start(sandbox.charge(sorted(gateway.methods)[0]))
        headers, body = sandbox.event(opened.transaction_id)

        notice = gateway.verify(headers, body)

        assert notice.transaction_id == opened.transaction_id
        assert notice.reference == opened.reference
        assert 0 < len(notice.event_key) <= 200
        assert gateway.verify(headers, body) == notice

    async def test_a_forged_or_altered_event_is_refused(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        opened = await gateway.start(sandbox.charge(sorted(gateway.methods)[0]))
        headers, body = sandbox.forged_event(opened.transaction_id)
        with pytest.raises(BadSignature):
            gateway.verify(headers, body)

        headers, body = sandbox.event(opened.transaction_id)
        altered = self.altered(body, opened)
        assert altered != body
        with pytest.raises(BadSignature):
            gateway.verify(headers, altered)

    async def test_an_event_without_its_signature_is_refused(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        opened = await gateway.start(sandbox.charge(sorted(gateway.methods)[0]))
        headers, body = sandbox.unsigned_event(opened.transaction_id)
        with pytest.raises(BadSignature):
            gateway.verify(headers, body)

    async def test_an_old_event_sent_again_is_refused_or_has_the_key_that_it_had(
        self, gateway: PaymentGateway, sandbox: Sandbox, clock: MovedClock
    ) -> None:
        opened = await gateway.start(sandbox.charge(sorted(gateway.methods)[0]))
        if self.refuses_old_events:
            with pytest.raises(BadSignature):
                gateway.verify(*sandbox.old_event(opened.transaction_id))
            return
        first = gateway.verify(*sandbox.event(opened.transaction_id))
        clock.advance(timedelta(hours=1))
        assert gateway.verify(*sandbox.old_event(opened.transaction_id)) == first

    async def test_the_list_of_a_period_has_what_was_begun_in_it_where_there_is_one(
        self, gateway: PaymentGateway, sandbox: Sandbox
    ) -> None:
        paid = await self.paid(gateway, sandbox, sorted(gateway.methods)[0])
        hour = timedelta(hours=1)

        listed = await gateway.transactions(now() - hour, now() + hour)

        assert (listed is not None) is gateway.profile.lists_transactions
        if listed is None:
            return
        [found] = [each for each in listed if each.reference == paid.reference]
        assert (found.transaction_id, found.status) == (paid.transaction_id, paid.status)
        assert (found.amount_minor, found.currency) == (AMOUNT, "COP")
        assert found.happened_at is not None
        assert await gateway.transactions(now() - 2 * hour, now() - hour) == []

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"[]", b"null", b"not an event", b"\xff\xfe", b"[" * 100_000]
    )
    async def test_a_body_that_is_no_event_is_refused(
        self, gateway: PaymentGateway, body: bytes
    ) -> None:
        with pytest.raises(NotAnEvent):
            gateway.verify({}, body)
