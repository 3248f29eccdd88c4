"""Efecty by an agreement of our own: vouchers in cash, confirmed by the network or its files.

Efecty has no API that could be asked, so what counters told is kept in our own tables, and the
truth about a payment is there: the port `CashBook`. Nothing here goes over the network.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from mestore.kernel.clock import BOGOTA, now
from mestore.kernel.money import CURRENCY, format_cop
from mestore.payments.adapters import efecty_wire as wire
from mestore.payments.adapters.efecty_bars import svg_of
from mestore.payments.errors import (
    Declined,
    GatewayUnavailable,
    OtherAgreement,
    TransactionUnknown,
)
from mestore.payments.ports import CashBook
from mestore.payments.types import (
    Acceptance,
    AttemptStatus,
    Bank,
    Charge,
    DisputeOutcome,
    GatewayProfile,
    Limits,
    Notice,
    Outcome,
    PaymentMethod,
    RefundOrder,
    RefundOutcome,
    Voucher,
)
from mestore.payments.vouchers import (
    CONFIRMATION_LAG,
    EFECTY,
    BillCode,
    CashKind,
    CashPayment,
    CashQuestion,
    CashState,
    CashVoucher,
    Collection,
    EfectyPolicy,
)

_TRANSACTION = re.compile(r"([0-9]{1,25})(?:-([A-Za-z0-9-]{1,60}))?")
_PAYMENT = frozenset({"referencia", "valor", "fecha", "autorizacion"})
_QUESTION = frozenset({"referencia"})


class EfectyGateway:
    """The port to Efecty, and the network's way to us. The policy has a secret."""

    code = EFECTY
    methods = frozenset({PaymentMethod.EFECTY})

    def __init__(self, policy: EfectyPolicy, book: CashBook) -> None:
        self.policy = policy
        self.book = book
        limits = Limits(policy.minimum_minor, policy.maximum_minor)
        environment = "production" if policy.is_production else "test"
        self.profile = GatewayProfile(
            environment,
            policy.convenio,
            "",
            {PaymentMethod.EFECTY: limits},
            lists_transactions=True,
        )
        self._secret = policy.secret or ""

    async def start(self, charge: Charge) -> Outcome:
        """Give out the voucher of a charge; counters take whole pesos."""
        if charge.currency != CURRENCY or charge.amount_minor % 100:
            raise Declined(reason="Efecty takes whole pesos: choose another way to pay")
        if not self.profile.limits[PaymentMethod.EFECTY].allow(charge.amount_minor):
            raise Declined(reason="the amount is out of the limits of Efecty")
        voucher = await self.book.issue(charge.reference, charge.amount_minor)
        if voucher.amount_minor != charge.amount_minor:
            raise Declined(reason="reference: used for another amount")
        found = await self.find(charge.reference)
        return found or self._of_voucher(CashState(voucher, ()), voucher)

    async def fetch(self, transaction_id: str) -> Outcome:
        """Say how a voucher stands, or one payment of it where an authorization is named."""
        parts = _TRANSACTION.fullmatch(transaction_id)
        state = await self.book.of_reference(parts[1]) if parts else None
        if parts is None or state is None:
            raise TransactionUnknown
        if parts[2] is not None:
            return self._of_payment(state, parts[2])
        if state.voucher is None:
            raise TransactionUnknown
        return self._of_voucher(state, state.voucher)

    async def find(self, reference: str) -> Outcome | None:
        """Look the voucher of a charge up."""
        state = await self.book.of_charge(reference)
        if state is None or state.voucher is None:
            return None
        return self._of_voucher(state, state.voucher)

    async def transactions(self, since: datetime, until: datetime) -> list[Outcome] | None:
        """List the payments of the vouchers given out in a period, and those that are nobody's."""
        return [
            self._of_payment(state, payment.authorization)
            for state in await self.book.between(since, until)
            for payment in state.payments
            if payment.kind is CashKind.PAID
        ]

    async def banks(self) -> list[Bank]:
        """Return none: cash needs no bank."""
        return []

    async def acceptance(self) -> Acceptance:
        """Raise: who pays at a counter accepts its terms there."""
        raise GatewayUnavailable

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Refuse: what was paid in cash goes back by bank transfer."""
        raise Declined(reason="Efecty gives no money back")

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Know no refunds."""
        return None

    async def find_dispute(self, dispute_id: str) -> DisputeOutcome | None:
        """Know no disputes: cash has none."""
        return None

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check the signature of a message; it names one payment of a voucher, not its charge."""
        payment = self.payment_of(body)
        return Notice(payment.event_key(self.policy.convenio), payment.transaction_id, None)

    def check_agreement(self, convenio: str | None) -> None:
        """Refuse the number of another agreement than ours."""
        if convenio not in {None, self.policy.convenio}:
            raise OtherAgreement(convenio=self.policy.convenio)

    def payment_of(self, body: bytes) -> CashPayment:
        """Read a signed message about a payment or its annulment."""
        return wire.payment_of(self._signed(body, _PAYMENT))

    def question_of(self, body: bytes) -> CashQuestion:
        """Read a signed question whether a reference may be paid."""
        return wire.question_of(self._signed(body, _QUESTION))

    def collection_of(self, content: bytes) -> Collection:
        """Read a collection file whose trailer agrees with its lines."""
        return wire.collection_of(content)

    def _signed(self, body: bytes, wanted: frozenset[str]) -> wire.Fields:
        return wire.signed_fields(body, self._secret, self.policy.convenio, wanted)

    def _of_voucher(self, state: CashState, voucher: CashVoucher) -> Outcome:
        """Return the first payment that was not annulled, or what no payment yet means."""
        own = [each for each in state.payments if each.voucher_id == voucher.id]
        annulled = {each.authorization for each in own if each.kind is CashKind.ANNULLED}
        for payment in own:
            if payment.kind is CashKind.PAID and payment.authorization not in annulled:
                return self._outcome(voucher, payment, AttemptStatus.APPROVED)
        if annulled:
            return self._outcome(voucher, own[-1], AttemptStatus.VOIDED)
        is_over = now() > voucher.expires_at + CONFIRMATION_LAG
        return Outcome(
            gateway=EFECTY,
            reference=voucher.charge_reference,
            transaction_id=voucher.reference,
            status=AttemptStatus.DECLINED if is_over else AttemptStatus.PENDING,
            amount_minor=voucher.amount_minor,
            currency=CURRENCY,
            decline_code="EXPIRED" if is_over else None,
            voucher=None if is_over else self._shown(voucher),
            happened_at=voucher.created_at,
        )

    def _of_payment(self, state: CashState, authorization: str) -> Outcome:
        told = [each for each in state.payments if each.authorization == authorization]
        if not told:
            raise TransactionUnknown
        payment = next((each for each in told if each.kind is CashKind.PAID), told[0])
        is_annulled = any(each.kind is CashKind.ANNULLED for each in told)
        status = AttemptStatus.VOIDED if is_annulled else AttemptStatus.APPROVED
        voucher = state.voucher if payment.voucher_id is not None else None
        return self._outcome(voucher, payment, status)

    def _outcome(
        self, voucher: CashVoucher | None, payment: CashPayment, status: AttemptStatus
    ) -> Outcome:
        nobodys = f"{EFECTY}:{payment.reference}"
        return Outcome(
            gateway=EFECTY,
            reference=voucher.charge_reference if voucher else nobodys,
            transaction_id=payment.transaction_id,
            status=status,
            amount_minor=payment.amount_minor,
            currency=CURRENCY,
            happened_at=voucher.created_at if voucher else payment.paid_at,
        )

    def _shown(self, voucher: CashVoucher) -> Voucher:
        gln = self.policy.gln
        code = BillCode.of(voucher, gln, self.policy.amount_digits) if gln else None
        return Voucher(
            reference=voucher.reference,
            agreement=self.policy.convenio,
            expires_at=voucher.expires_at,
            barcode=code.human_readable if code else None,
            barcode_elements=code.element_string if code else None,
            barcode_svg=svg_of(code.element_string) if code else None,
            instructions=self._instructions(voucher),
        )

    def _instructions(self, voucher: CashVoucher) -> list[str]:
        ends = voucher.expires_at.astimezone(BOGOTA)
        amount = format_cop(voucher.amount_minor)
        return [
            "Acércate a un punto Efecty.",
            f"Di que vas a pagar al convenio {self.policy.convenio}.",
            f"Da la referencia {voucher.reference} y paga exactamente {amount} en efectivo.",
            f"Puedes pagar hasta el {ends:%d/%m/%Y} a las {ends:%H:%M}.",
            "Guarda el recibo hasta que confirmemos tu pedido.",
        ]
