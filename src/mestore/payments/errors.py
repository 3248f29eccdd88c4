"""What payments refuse, and how a gateway can fail."""

from mestore.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Unauthorized,
    Unavailable,
)


class PaymentNotFound(NotFound):
    """There is no such payment for this caller."""

    en = "There is no such payment, or it is not yours to see."
    es = "No existe ese pago, o no está a tu alcance."


class MethodUnavailable(Invalid):
    """No configured gateway takes this method."""

    en = "{method} is not available. GET /payments/methods lists what is."
    es = "{method} no está disponible. GET /payments/methods muestra las opciones."


class AmountMismatch(Invalid):
    """The amount sent is not the order's total."""

    en = "The amount must be the order's total, {total}."
    es = "El valor debe ser el total del pedido, {total}."


class AmountOutOfLimits(Invalid):
    """The method does not take an amount like the order's total."""

    en = "{method} takes amounts from {minimum} to {maximum}. Choose another method."
    es = "{method} recibe valores de {minimum} a {maximum}. Elige otro medio de pago."


class PaymentRefused(Forbidden):
    """Too much speaks for a fraud."""

    en = "This payment was refused for safety. Wait an hour, or write to the shop."
    es = "Este pago fue rechazado por seguridad. Espera una hora o escribe a la tienda."


class AlreadyPaid(Conflict):
    """The order is paid."""

    en = "This order is already paid."
    es = "Este pedido ya está pagado."


class PaymentInProgress(Conflict):
    """Another attempt of this order is still open, so money may still arrive."""

    en = "A payment of this order is under way. Finish it, or try again in {retry_after} seconds."
    es = "Hay un pago en curso de este pedido. Termínalo, o reintenta en {retry_after} segundos."


class Declined(Refusal):
    """The gateway refused the data of the payment; nothing was charged."""

    status = 422
    en = "The payment gateway refused the payment data: {reason}"
    es = "La pasarela rechazó los datos del pago: {reason}"


class NotSubmitted(Unavailable):
    """The gateway was surely not reached; nothing was charged."""

    en = "The payment gateway does not answer. Nothing was charged; try again shortly."
    es = "La pasarela de pagos no responde. No se cobró nada; intenta de nuevo en un momento."


class GatewayUnavailable(Unavailable):
    """The gateway does not say what became of a payment; it can be asked again."""

    en = "The payment gateway does not answer. Ask again in {retry_after} seconds."
    es = "La pasarela de pagos no responde. Consulta de nuevo en {retry_after} segundos."


class TransactionUnknown(NotFound):
    """The gateway knows no transaction of that id."""

    en = "The payment gateway knows no such transaction."
    es = "La pasarela de pagos no conoce esa transacción."


class OutcomeUnknown(Exception):
    """The gateway may have acted, and did not say so. It must be asked, never sent to again."""


class ExceptionNotFound(NotFound):
    """There is no such entry in the queues of payments."""

    en = "There is no such entry. GET /admin/payments/exceptions lists them."
    es = "No existe esa entrada. GET /admin/payments/exceptions las lista."


class AlreadyResolved(Conflict):
    """The entry has its end."""

    en = "This entry is resolved already. Read it again."
    es = "Esta entrada ya está resuelta. Consúltala de nuevo."


class BadSignature(Unauthorized):
    """The signature of a signal is wrong."""

    en = "The signature of this event is wrong."
    es = "La firma de este evento no es válida."


class NotAnEvent(Refusal):
    """The body is not an event of this gateway."""

    status = 400
    en = "This body is not an event of the gateway."
    es = "Este cuerpo no es un evento de la pasarela."
