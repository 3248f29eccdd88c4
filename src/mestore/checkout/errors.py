"""What checkout refuses."""

from mestore.kernel.errors import Conflict, Invalid, NotFound


class EmptyCart(Invalid):
    """There is nothing to order."""

    en = "The cart is empty. Send `items`, or POST /cart/items first."
    es = "El carrito está vacío. Envía `items`, o agrega productos con POST /cart/items."


class ProductNotForSale(NotFound):
    """A product or variant of the order does not exist, or is not sold now."""

    en = "Not sold now: {products}. Take it out of the order."
    es = "No está a la venta: {products}. Quítalo del pedido."


class CartChanged(Conflict):
    """The cart was changed while it was being ordered."""

    en = "The cart changed meanwhile. Read it again and order what you see."
    es = "El carrito cambió entretanto. Consúltalo de nuevo y ordena lo que ves."


class TotalChanged(Conflict):
    """The order comes to another total than the buyer was shown."""

    en = "The total is now {total}, not {expected_total}. Show it to the buyer, then order again."
    es = "El total ahora es {total}, no {expected_total}. Muéstralo al comprador y ordena de nuevo."


class OrderTooLarge(Invalid):
    """The order's total is beyond what a payment can carry."""

    en = "The total of this order is too large. Split it."
    es = "El total de este pedido es demasiado grande. Divídelo."


class EmailRequired(Invalid):
    """A guest must leave an e-mail address."""

    en = "customer_email is required when you order without signing in."
    es = "customer_email es obligatorio cuando compras sin iniciar sesión."
