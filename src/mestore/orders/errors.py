"""What orders refuse."""

from mestore.kernel.errors import Conflict, NotFound


class OrderNotFound(NotFound):
    """There is no such order for this caller."""

    en = "There is no such order, or it is not yours to see."
    es = "No existe ese pedido, o no está a tu alcance."


class OrderNotCancellable(Conflict):
    """The order is past the point where it can simply be called off."""

    en = "An order that is {status} cannot be cancelled. Ask for a return or a refund instead."
    es = "Un pedido en estado {status} no se puede cancelar. Pide una devolución o un reembolso."


class StatusNotReachable(Conflict):
    """The order, or a part of it, is not directly before the wanted status."""

    en = "An order that is {status} cannot become {wanted}. It may now become one of: {allowed}."
    es = "Un pedido en estado {status} no puede pasar a {wanted}. Ahora puede pasar a: {allowed}."


class UnitsNotArrived(Conflict):
    """Units that the part still owes are backordered: what is not there cannot be sent."""

    en = "{units} units of this order have not arrived yet. Ship it when they have."
    es = "Aún no han llegado {units} unidades de este pedido. Envíalo cuando lleguen."


class StatusSetElsewhere(Conflict):
    """The status follows from a cancellation or a refund and is not set by hand."""

    en = "{status} is not set here. Cancel with DELETE /orders/{{id}}, refund with its /refund."
    es = "{status} no se asigna aquí. Cancela con DELETE /orders/{{id}}, reembolsa con su /refund."


class OrderNotPayable(Conflict):
    """The order does not wait for a payment."""

    en = "An order that is {status} takes no payment. Place a new order."
    es = "Un pedido en estado {status} no recibe pagos. Haz un pedido nuevo."


class OrderHeld(Conflict):
    """Staff looks at the payment of the order before anything is sent."""

    en = "The payment of this order is being checked. Wait until it is released; send nothing yet."
    es = "El pago de este pedido se está verificando. Espera su liberación; no envíes nada aún."
