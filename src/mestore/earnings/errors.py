"""What earnings refuse."""

from mestore.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class PartNotFound(NotFound):
    """There is no such commission, or no such order with parts of vendors."""

    en = "There is no such commission or order. GET /commissions lists those that there are."
    es = "No existe esa comisión o ese pedido. GET /commissions lista los que hay."


class NotDelivered(Conflict):
    """The part did not reach the buyer."""

    en = "This part was not delivered, so nothing of it can be released. Wait for its delivery."
    es = "Esta parte no se ha entregado, así que no se libera nada. Espera a su entrega."


class WithdrawalRunning(Conflict):
    """The buyer may still withdraw, or the days after that are not over."""

    en = "The buyer may still withdraw. It can be released from {possible_from}."
    es = "El comprador aún puede retractarse. Se puede liberar desde {possible_from}."


class RefundRunning(Conflict):
    """A refund of the part has not ended."""

    en = "A refund of this part is under way. Release it once GET /orders/{{id}}/refunds says so."
    es = "Hay un reembolso en curso de esta parte. Libérala cuando GET /orders/{{id}}/refunds diga."


class DisputeRunning(Conflict):
    """A bank's dispute of the order has not ended."""

    en = "A dispute of this order is running. It can be released once that has ended."
    es = "Hay una disputa en curso de este pedido. Se puede liberar cuando termine."


class EarlyNotAllowed(Forbidden):
    """Only a superuser may release before the right of withdrawal has ended."""

    en = "Only a superuser may send early=true. Leave it out, and wait for possible_from."
    es = "Solo un superusuario puede enviar early=true. Quítalo y espera hasta possible_from."


class VendorNeeded(Invalid):
    """Staff has to say which vendor is meant."""

    en = "Say which vendor is meant: ?vendor_id=. GET /admin/vendors lists them."
    es = "Indica el vendedor: ?vendor_id=. GET /admin/vendors los lista."


class InvalidPeriod(Invalid):
    """The period is no month, or there are too many of them."""

    en = "Write a month as 2026-01; from is not after to, and they are at most {most} months."
    es = "Escribe un mes como 2026-01; from no va después de to, y son como máximo {most} meses."


class StatementTooLong(Conflict):
    """The statement has more lines than fit a PDF or one JSON answer."""

    en = "This statement has more than {most} lines. Ask for it as CSV: ?format=csv."
    es = "Este extracto tiene más de {most} líneas. Pídelo en CSV: ?format=csv."


class AdjustmentKnown(Conflict):
    """The vendor has an adjustment under this reference."""

    en = "This vendor was adjusted under the reference {reference} already; another takes its own."
    es = "Este vendedor ya tiene un ajuste con la referencia {reference}; otro lleva la suya."
