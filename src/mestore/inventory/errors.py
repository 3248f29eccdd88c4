"""What the inventory refuses."""

from mestore.catalog.errors import VariantNotFound as VariantNotFound
from mestore.kernel.errors import Conflict, Invalid, NotFound


class InsufficientStock(Conflict):
    """Fewer units are free than were asked for; `lines` lists every line that is short."""

    en = "There is not enough stock. Lower the quantities to what `lines` says is available."
    es = (
        "No hay suficientes unidades. Baja las cantidades a lo que `lines` muestra como disponible."
    )


class VariantRequired(Invalid):
    """The product has several variants and the request names none."""

    en = (
        "This product has several variants. Say which one in variant_id; "
        "GET /products/PRODUCT_ID/variants lists them."
    )
    es = (
        "Este producto tiene varias variantes. Indica cuál en variant_id; "
        "GET /products/PRODUCT_ID/variants las muestra."
    )


class LevelMoved(Conflict):
    """The level is not what the caller expected any more."""

    en = "On hand is {on_hand} by now, not {expected}. Read the inventory again, then retry."
    es = "Ahora hay {on_hand} unidades, no {expected}. Consulta el inventario otra vez y reintenta."


class LevelNamedTwice(Invalid):
    """The request says two things of one level: left out, variant and location have a meaning."""

    en = "Two of `levels` are that of variant {variant_id} at {location}. Send one of them."
    es = "Dos de `levels` son la de la variante {variant_id} en {location}. Envía una sola."


class BelowReserved(Conflict):
    """The change would leave fewer units than are promised to orders."""

    en = (
        "{on_hand} units are there and orders hold {reserved} of them; no fewer can be left. "
        "Take away less, or cancel orders first."
    )
    es = (
        "Hay {on_hand} unidades y los pedidos tienen {reserved} de ellas; no pueden quedar menos. "
        "Resta menos, o cancela pedidos primero."
    )


class LevelTooHigh(Invalid):
    """The change would put more units on a level than it can count."""

    en = "A level holds at most {maximum} units."
    es = "Una existencia admite máximo {maximum} unidades."


class LocationNotFound(NotFound):
    """The vendor has no such place."""

    en = "You have no such location. GET /inventory/locations lists yours."
    es = "No tienes esa bodega. GET /inventory/locations lista las tuyas."


class LocationTaken(Conflict):
    """The vendor has a place of this name."""

    en = "You have a location named {name} already. Choose another name."
    es = "Ya tienes una bodega llamada {name}. Elige otro nombre."
