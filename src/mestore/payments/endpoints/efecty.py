"""HTTP for cash at counters of Efecty: the network's messages, and who asks about a code."""

from fastapi import Request

from mestore.accounts.deps import MaybeUser
from mestore.accounts.types import Caller, Permission
from mestore.kernel.clock import BOGOTA
from mestore.kernel.db import Database
from mestore.kernel.errors import BodyTooLarge, Forbidden, NotFound, Unauthorized
from mestore.kernel.http import Db, client_ip, refuses
from mestore.kernel.money import CURRENCY
from mestore.kernel.routing import Router
from mestore.payments.deps import Network
from mestore.payments.endpoints.payments import event_body
from mestore.payments.errors import (
    BadSignature,
    ConfirmationDiffers,
    NotAnEvent,
    OtherAgreement,
    VoucherLookedUpTooOften,
    VoucherNotFound,
)
from mestore.payments.schemas import (
    CashAnswerOut,
    CashConfirmedOut,
    CashConfirmIn,
    CashQuestionIn,
    ReceivedOut,
    VoucherOut,
)
from mestore.payments.service import CashService, look_up
from mestore.payments.vouchers import COUNTER_TIME, CashPayment, CashSource, Validity

router = Router(prefix="/payments", tags=["payments"])

_CODES = {Validity.EXPIRED: "0002", Validity.ALREADY_PAID: "0003"}
_SIGNED = (BadSignature, NotAnEvent, OtherAgreement, NotFound, BodyTooLarge)


_MESSAGE = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.post(
    "/webhook/efecty",
    responses=refuses(*_SIGNED, ConfirmationDiffers),
    openapi_extra=_MESSAGE,
)
async def receive_cash_event(request: Request, network: Network, db: Db) -> ReceivedOut:
    """Take a message that the network signed: the same as /payments/efecty/confirm."""
    body = await event_body(request)
    await _write_down(db, network.payment_of(body), CashSource.NETWORK, body)
    return ReceivedOut()


@router.post(
    "/efecty/confirm",
    responses=refuses(*_SIGNED, Unauthorized, Forbidden, VoucherNotFound, ConfirmationDiffers),
)
async def confirm_cash_payment(
    body: CashConfirmIn, request: Request, caller: MaybeUser, network: Network, db: Db
) -> CashConfirmedOut:
    """Tell of a payment at a counter: signed by the network, or by staff without a signature.

    A repeat of the same agreement, reference and authorization changes nothing.
    """
    raw = await request.body()
    if body.firma is None:
        _check_staff(caller)
        payment, source = body.payment(), CashSource.STAFF
        network.check_agreement(body.convenio)
    else:
        payment, source = network.payment_of(raw), CashSource.NETWORK
    is_new = await _write_down(db, payment, source, raw)
    return CashConfirmedOut(repeated=not is_new, transaction_id=payment.transaction_id)


@router.get(
    "/efecty/validate/{voucher_code}", responses=refuses(VoucherNotFound, VoucherLookedUpTooOften)
)
async def validate_voucher(voucher_code: str, request: Request, db: Db) -> VoucherOut:
    """Say whether a voucher can be paid now; nobody learns here whose it is."""
    async with db.transaction() as tx:
        await CashService(tx).count_lookup(client_ip(request))
    async with db.read() as connection:
        looked = await look_up(connection, voucher_code)
    return VoucherOut(
        code=looked.voucher.reference,
        status=looked.validity,
        payable=looked.validity is Validity.PAYABLE,
        amount=looked.voucher.amount_minor,
        currency=CURRENCY,
        expires_at=looked.voucher.expires_at,
    )


@router.post("/efecty/consulta", responses=refuses(*_SIGNED))
async def answer_counter(
    body: CashQuestionIn, request: Request, network: Network, db: Db
) -> CashAnswerOut:
    """Tell a counter whether a reference may be paid, with which amount, and until when."""
    question = network.question_of(await request.body())
    try:
        async with db.read() as connection:
            looked = await look_up(connection, question.reference)
    except VoucherNotFound:
        return CashAnswerOut(codigo="0001")
    voucher = looked.voucher
    code = _CODES.get(looked.validity, "0000")
    if code == "0000" and question.amount_minor not in {None, voucher.amount_minor}:
        code = "0004"
    return CashAnswerOut(
        codigo=code,
        valor=voucher.amount_minor // 100,
        vencimiento=voucher.expires_at.astimezone(BOGOTA).strftime(COUNTER_TIME),
    )


def _check_staff(caller: Caller | None) -> None:
    if caller is None:
        raise Unauthorized
    if not caller.can(Permission.PAYMENTS_MANAGE):
        raise Forbidden


async def _write_down(db: Database, payment: CashPayment, source: CashSource, raw: bytes) -> bool:
    async with db.transaction() as tx:
        return (await CashService(tx).confirm(payment, source, raw)).is_new
