"""What every payment gateway promises of money that goes back, tried on its simulator over HTTP."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Protocol

import pytest

from mestore.kernel.clock import now
from mestore.payments.errors import Declined, NotSubmitted, OutcomeUnknown
from mestore.payments.ports import PaymentGateway
from mestore.payments.types import (
    AttemptStatus,
    Charge,
    DisputeStatus,
    NoticeKind,
    Outcome,
    PaymentMethod,
    RefundOrder,
    RefundStatus,
)

NEVER_DENIED = frozenset({RefundStatus.APPROVED, RefundStatus.PENDING, RefundStatus.UNKNOWN})


def back_of(
    paid: Outcome,
    method: PaymentMethod = PaymentMethod.CARD,
    **changes: Any,  # noqa: ANN401  any field
) -> RefundOrder:
    """All of a payment of eleven minutes ago: PayU gives nothing back earlier."""
    order = RefundOrder(
        reference=f"{paid.reference}-R1",
        transaction_id=paid.transaction_id,
        charge_reference=paid.reference,
        method=method,
        amount_minor=paid.amount_minor,
        charged_minor=paid.amount_minor,
        currency=paid.currency,
        reason="called off",
        charged_at=now() - timedelta(minutes=11),
        requested_at=now(),
    )
    return replace(order, **changes)


class RefundingSandbox(Protocol):
    """The simulator of a provider that gives money back, seen from the provider's side."""

    def charge(self, method: PaymentMethod) -> Charge:
        """A charge that the provider takes."""
        ...

    def finish(self, transaction_id: str, status: AttemptStatus) -> None:
        """Let a transaction end."""
        ...

    def given_back(self, transaction_id: str) -> list[int]:
        """What of a transaction went back, or is about to, in minor units."""
        ...

    def review(self, transaction_id: str, *, is_granted: bool) -> None:
        """Let the provider decide about the refund that it has under review."""
        ...

    def break_refund(self, fault: str) -> None:
        """Let the next refund be `refused_before` anybody looked at it, or `unanswered` after."""
        ...

    def dispute(self, transaction_id: str) -> tuple[str, Mapping[str, str], bytes]:
        """Let the payer deny a payment; its id, and the event about it."""
        ...

    def decide_dispute(self, dispute_id: str, *, is_won: bool) -> None:
        """Let the bank decide."""
        ...


class Unable:
    """A provider that has no such thing: a test that asks it for one has failed."""

    def review(self, transaction_id: str, *, is_granted: bool) -> None:
        raise AssertionError("nothing is reviewed here")

    def break_refund(self, fault: str) -> None:
        raise AssertionError("nothing goes back here")

    def dispute(self, transaction_id: str) -> tuple[str, Mapping[str, str], bytes]:
        raise AssertionError("no dispute is told here")

    def decide_dispute(self, dispute_id: str, *, is_won: bool) -> None:
        raise AssertionError("no dispute is told here")


class MoneyBackContract:
    """The promises about refunds and disputes, one test each."""

    is_reviewed: ClassVar[bool] = False
    """Whether a refund waits for a person at the provider."""
    can_be_asked: ClassVar[bool] = True
    """Whether the provider tells later how a refund stands."""

    async def paid(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox, method: PaymentMethod
    ) -> Outcome:
        """Take money."""
        opened = await gateway.start(sandbox.charge(method))
        if opened.status is AttemptStatus.PENDING:
            sandbox.finish(opened.transaction_id, AttemptStatus.APPROVED)
        return await gateway.fetch(opened.transaction_id)

    async def ask_again(self, gateway: PaymentGateway, order: RefundOrder) -> RefundStatus | None:
        """Ask for a refund that was asked for already; None where the provider refuses that."""
        try:
            return (await gateway.refund(order)).status
        except (Declined, OutcomeUnknown):
            return None

    async def check_end(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox, order: RefundOrder
    ) -> None:
        if self.is_reviewed:
            sandbox.review(order.transaction_id, is_granted=True)
        found = await gateway.find_refund(order, None)
        assert found is not None
        known = RefundStatus.APPROVED if self.can_be_asked else RefundStatus.UNKNOWN
        assert found.status is known

    async def test_money_goes_back_once_however_often_it_is_asked_for(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        for method in sorted(gateway.profile.refundable):
            paid = await self.paid(gateway, sandbox, method)
            order = back_of(paid, method)
            given = await gateway.refund(order)
            assert given.status is (
                RefundStatus.PENDING if self.is_reviewed else RefundStatus.APPROVED
            )

            assert await self.ask_again(gateway, order) in {given.status, None}

            assert sandbox.given_back(paid.transaction_id) == [paid.amount_minor]
            await self.check_end(gateway, sandbox, order)

    async def test_a_payment_goes_back_in_parts_or_as_a_whole_only_as_the_profile_says(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        assert gateway.profile.partly_refundable <= gateway.profile.refundable
        for method in sorted(gateway.profile.refundable):
            paid = await self.paid(gateway, sandbox, method)
            half = paid.amount_minor // 2
            first = back_of(paid, method, amount_minor=half)
            if method not in gateway.profile.partly_refundable:
                with pytest.raises(Declined):
                    await gateway.refund(first)
                assert sandbox.given_back(paid.transaction_id) == []
                continue
            second = replace(first, reference=f"{paid.reference}-R2")
            for order in (first, second):
                await gateway.refund(order)
                await self.check_end(gateway, sandbox, order)

            with pytest.raises(Declined):
                await gateway.refund(replace(first, reference=f"{paid.reference}-R3"))
            assert sandbox.given_back(paid.transaction_id) == [half, half]

    async def test_more_than_was_taken_is_declined(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        for method in sorted(gateway.profile.refundable):
            paid = await self.paid(gateway, sandbox, method)
            more = paid.amount_minor + 100
            with pytest.raises(Declined):
                await gateway.refund(back_of(paid, method, amount_minor=more))
            assert sandbox.given_back(paid.transaction_id) == []

    async def test_what_was_not_paid_does_not_go_back(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        for method in sorted(gateway.profile.refundable):
            opened = await gateway.start(sandbox.charge(method))
            sandbox.finish(opened.transaction_id, AttemptStatus.DECLINED)
            with pytest.raises(Declined):
                await gateway.refund(back_of(opened, method))
            assert sandbox.given_back(opened.transaction_id) == []

    async def test_a_method_that_the_profile_does_not_name_is_not_given_back(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        assert gateway.profile.refundable <= gateway.methods
        for method in sorted(gateway.methods - gateway.profile.refundable):
            paid = await self.paid(gateway, sandbox, method)
            with pytest.raises(Declined):
                await gateway.refund(back_of(paid, method))
            assert sandbox.given_back(paid.transaction_id) == []
            assert (await gateway.fetch(paid.transaction_id)).status is AttemptStatus.APPROVED

    async def test_a_refund_that_was_never_asked_for_is_not_found(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        for method in sorted(gateway.profile.refundable):
            paid = await self.paid(gateway, sandbox, method)
            found = await gateway.find_refund(back_of(paid, method), None)
            # Where the provider cannot prove it, nobody may send the refund again.
            is_provable = self.can_be_asked and not self.is_reviewed
            assert found is None if is_provable else found is not None
            assert found is None or found.status is RefundStatus.UNKNOWN

    async def test_a_refund_without_an_answer_is_unknown_and_never_denied_later(
        self, impatient: PaymentGateway, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        for method in sorted(gateway.profile.refundable):
            paid = await self.paid(gateway, sandbox, method)
            order = back_of(paid, method)
            sandbox.break_refund("unanswered")
            with pytest.raises(OutcomeUnknown):
                await impatient.refund(order)

            found = await gateway.find_refund(order, None)
            assert found is not None
            assert found.status in NEVER_DENIED
            assert sandbox.given_back(paid.transaction_id) == [paid.amount_minor]
            await self.check_end(gateway, sandbox, order)

    async def test_a_refund_that_nobody_looked_at_was_not_submitted(
        self, unreachable: PaymentGateway, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        for method in sorted(gateway.profile.refundable):
            paid = await self.paid(gateway, sandbox, method)
            with pytest.raises(NotSubmitted):
                await unreachable.refund(back_of(paid, method))
            sandbox.break_refund("refused_before")
            with pytest.raises(NotSubmitted):
                await gateway.refund(back_of(paid, method))

            assert sandbox.given_back(paid.transaction_id) == []
            given = await gateway.refund(back_of(paid, method))
            assert given.status in NEVER_DENIED

    async def test_a_refund_under_review_is_followed_to_either_end(
        self, gateway: PaymentGateway, sandbox: RefundingSandbox
    ) -> None:
        ends = {True: RefundStatus.APPROVED, False: RefundStatus.DECLINED}
        for is_granted, status in ends.items() if self.is_reviewed else ():
            [method] = gateway.profile.refundable
            paid = await self.paid(gateway, sandbox, method)
            order = back_of(paid, method)
            given = await gateway.refund(order)
            waiting = await gateway.find_refund(order, given.refund_id)
            assert waiting is not None
            assert waiting.status in {RefundStatus.PENDING, RefundStatus.UNKNOWN}

            sandbox.review(paid.transaction_id, is_granted=is_granted)

            ended = await gateway.find_refund(order, given.refund_id)
            assert ended is not None
            assert ended.status is status

    @pytest.mark.parametrize(
        ("is_won", "status"), [(True, DisputeStatus.WON), (False, DisputeStatus.LOST)]
    )
    async def test_a_dispute_is_told_and_followed_where_the_profile_says_so(
        self,
        gateway: PaymentGateway,
        sandbox: RefundingSandbox,
        is_won: bool,
        status: DisputeStatus,
    ) -> None:
        assert await gateway.find_dispute("dp_nobody") is None
        if not gateway.profile.tells_disputes:
            return
        paid = await self.paid(gateway, sandbox, sorted(gateway.methods)[0])
        dispute_id, headers, body = sandbox.dispute(paid.transaction_id)

        notice = gateway.verify(headers, body)

        assert (notice.kind, notice.object_id) == (NoticeKind.DISPUTE, dispute_id)
        assert notice.transaction_id == paid.transaction_id
        found = await gateway.find_dispute(dispute_id)
        assert found is not None
        assert found.status is DisputeStatus.OPEN
        assert found.transaction_id == paid.transaction_id
        assert (found.amount_minor, found.currency) == (paid.amount_minor, paid.currency)

        sandbox.decide_dispute(dispute_id, is_won=is_won)

        decided = await gateway.find_dispute(dispute_id)
        assert decided is not None
        assert decided.status is status
