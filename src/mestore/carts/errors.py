"""What carts refuse."""

from mestore.kernel.errors import Conflict, Invalid, NotFound, Refusal


class SessionIdRequired(Refusal):
    """Nobody is signed in and no guest session is named, so there is no saying whose cart."""

    en = "Sign in, or send a Session-ID header of 8 to 100 visible characters."
    es = "Inicia sesión o envía una cabecera Session-ID de 8 a 100 caracteres visibles."


class ProductNotOnSale(NotFound):
    """There is no such product or variant, or it is not public."""

    en = "This product is not on sale. Choose another one."
    es = "Este producto no está a la venta. Elige otro."


class CartItemNotFound(NotFound):
    """The caller's cart has no such line."""

    en = "Your cart has no such line. GET /cart lists the lines that it has."
    es = "Tu carrito no tiene esa línea. GET /cart muestra las que tiene."


class LineNotAvailable(Conflict):
    """The product of the line is no longer sold, so its quantity cannot be changed."""

    en = "This product is no longer sold. Remove the line."
    es = "Este producto ya no se vende. Quita la línea."


class CartFull(Conflict):
    """The cart has as many lines as it may have."""

    en = "A cart takes {lines} lines. Order these first, or remove some."
    es = "Un carrito admite {lines} líneas. Pide estas primero o quita algunas."


class QuantityTooLarge(Invalid):
    """The line would have more units than one line may have."""

    en = "A line takes {most} units, and the cart has {present} of them already. Add fewer."
    es = "Una línea admite {most} unidades y el carrito ya tiene {present}. Agrega menos."
