"""What payments refuse, and how a gateway can fail."""

from mestore.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    TooMany,
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


class AmountNotWhole(Invalid):
    """The method takes whole pesos, and the order's total has centavos."""

    en = "{method} takes whole pesos only, and this total has centavos. Choose another method."
    es = "{method} solo recibe pesos enteros y este total tiene centavos. Elige otro medio de pago."


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


class PaymentInReview(PaymentInProgress):
    """Staff looks at a payment of this order before any money is asked for."""

    en = "We are checking the payment of this order. Nothing was charged; we will write to you."
    es = "Estamos verificando el pago de este pedido. No se cobró nada; te escribiremos."


class ReviewNotFound(NotFound):
    """There is no such review."""

    en = "There is no such review. GET /admin/payments/fraud/reviews lists them."
    es = "No existe esa revisión. GET /admin/payments/fraud/reviews las lista."


class ReviewEnded(Conflict):
    """The review has its end: somebody decided it, or its order ended."""

    en = "This review has its end already. Read it again."
    es = "Esta revisión ya terminó. Consúltala de nuevo."


class RulesChanged(Conflict):
    """Somebody changed the rules since they were read."""

    en = "The rules are at version {version} by now. Read them again, then send your change."
    es = "Las reglas ya van en la versión {version}. Consúltalas y envía tu cambio de nuevo."


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


class VoucherNotFound(NotFound):
    """No voucher has this code."""

    en = "There is no voucher with this code. Check its digits."
    es = "No existe un comprobante con este código. Revisa los dígitos."


class VoucherLookedUpTooOften(TooMany):
    """Too many codes were asked about from one network address."""

    en = "Too many codes were asked about. Try again in {retry_after} seconds."
    es = "Se consultaron demasiados códigos. Intenta de nuevo en {retry_after} segundos."


class OtherAgreement(NotAnEvent):
    """The message is about another agreement than ours."""

    en = "This convenio is not ours. Send the messages of convenio {convenio} here."
    es = "Este convenio no es el nuestro. Envía aquí los mensajes del convenio {convenio}."


class ConfirmationDiffers(Conflict):
    """The same authorization was told before with another amount."""

    en = "Authorization {authorization} was told before with {told}. Ask Efecty which is right."
    es = "La autorización {authorization} ya llegó con {told}. Pregunta a Efecty cuál es correcta."


class CollectionUnreadable(Invalid):
    """The file is no collection file."""

    en = "This is no collection file: send UTF-8 text with at least one 02 line and a 03 trailer."
    es = "No es un archivo de recaudo: envía texto UTF-8 con líneas 02 y un cierre 03."


class CollectionLineInvalid(Invalid):
    """A line of the file cannot be read; nothing of the file was posted."""

    en = "Line {line}: {field} cannot be read. Nothing was posted; ask Efecty for a whole file."
    es = "Línea {line}: {field} no se puede leer. No se registró nada; pide el archivo completo."


class CollectionTrailerWrong(Invalid):
    """The trailer does not agree with the lines; nothing of the file was posted."""

    en = (
        "The trailer says {said_count} lines and {said_total} pesos, the file has {count} and "
        "{total}. Nothing was posted; ask Efecty for a whole file."
    )
    es = (
        "El cierre dice {said_count} líneas y {said_total} pesos, el archivo tiene {count} y "
        "{total}. No se registró nada; pide el archivo completo."
    )


class CollectionTooLong(Invalid):
    """The file has more lines than are posted at once."""

    en = "The file has more than {most} lines. Send it in parts, each with its own trailer."
    es = "El archivo tiene más de {most} líneas. Envíalo por partes, cada una con su cierre."


class CollectionPosted(Conflict):
    """The very same file was posted before."""

    en = "This file was posted before, on {posted_at}. There is nothing to do."
    es = "Este archivo ya se registró, el {posted_at}. No hay nada que hacer."
