"""What refunds refuse."""

from mestore.kernel.errors import Conflict, Invalid, NotFound


class RefundNotFound(NotFound):
    """There is no such refund for this caller."""

    en = "There is no such refund, or it is not yours to see."
    es = "No existe ese reembolso, o no está a tu alcance."


class NotRefundable(Conflict):
    """The order has no money to give back."""

    en = "An order whose payment is {status} has nothing to give back."
    es = "Un pedido cuyo pago está en {status} no tiene nada que reembolsar."


class OverRefund(Conflict):
    """More is asked back than is left."""

    en = "At most {left} is left to give back. Ask for a quote first."
    es = "Queda por reembolsar como máximo {left}. Pide primero una cotización."


class NotALineOfTheOrder(Invalid):
    """A line is not one of the order's, or is named twice."""

    en = "{order_item_id} is no line of this order, or is there twice."
    es = "{order_item_id} no es una línea de este pedido, o está dos veces."


class NoTransferDue(Conflict):
    """The refund does not wait for a bank transfer."""

    en = "A refund that is {state} waits for no bank transfer."
    es = "Un reembolso en estado {state} no espera una transferencia."


class NotUnderWay(Conflict):
    """The gateway has said how this refund ended, or was never asked for it."""

    en = "A refund that is {state} is not under way at its gateway. Nothing was changed."
    es = "Un reembolso en estado {state} no está en curso en su pasarela. Nada cambió."


class BankAccountMissing(Conflict):
    """Nobody said yet where the money goes."""

    en = "There is no bank account yet. The buyer gives it at POST /refunds/{id}/bank-account."
    es = "Aún no hay cuenta bancaria. El comprador la da en POST /refunds/{id}/bank-account."


class ActionNotPossible(Conflict):
    """The entry of the queue cannot end like this."""

    en = "{action} makes no sense for {kind}. Possible: {possible}."
    es = "{action} no tiene sentido para {kind}. Opciones: {possible}."


class NotRevivable(Conflict):
    """The order cannot take this money."""

    en = "The order cannot come back: it is paid, or its stock is gone. Refund instead."
    es = "El pedido no puede volver: está pagado o no hay existencias. Haz un reembolso."


class TakenByBank(Conflict):
    """A bank took this money back already, or holds it while a dispute runs."""

    en = "A bank has this money by a dispute. See GET /admin/disputes; refund what is left of it."
    es = "Un banco tiene este dinero por una disputa. Mira GET /admin/disputes; reembolsa el resto."


class VoidedByGateway(Conflict):
    """The gateway took this money back itself."""

    en = (
        "The gateway took this money back itself: see VOIDED_LATER. There is nothing to send."
        " End a refund that waits at POST /admin/refunds/{{id}}/ended as given."
    )
    es = (
        "La pasarela ya devolvió este dinero: mira VOIDED_LATER. No hay nada que enviar."
        " Termina un reembolso pendiente en POST /admin/refunds/{{id}}/ended como entregado."
    )
