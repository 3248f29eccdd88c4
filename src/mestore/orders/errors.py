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


class OrderNotPayable(Conflict):
    """The order does not wait for a payment."""

    en = "An order that is {status} takes no payment. Place a new order."
    es = "Un pedido en estado {status} no recibe pagos. Haz un pedido nuevo."
