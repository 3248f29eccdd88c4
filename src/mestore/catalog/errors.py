"""What the catalogue refuses."""

from mestore.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class ProductNotFound(NotFound):
    """There is no such product, or none that the caller may see."""

    en = "There is no such product, or it is not yours to see."
    es = "No existe ese producto, o no está a tu alcance."


class CategoryNotFound(NotFound):
    """There is no such category."""

    en = "There is no such category. GET /categories lists them all."
    es = "No existe esa categoría. GET /categories las lista todas."


class UnknownCategory(Invalid):
    """The request names a category that does not exist."""

    en = "There is no category '{category}'. Send an id or a slug of GET /categories."
    es = "No existe la categoría '{category}'. Envía un id o un slug de GET /categories."


class PrivateStatus(Forbidden):
    """Only APPROVED products are public; the others are their vendor's and the operator's."""

    en = "You may list only APPROVED products here. A vendor lists all of its own in my-products."
    es = "Aquí solo puedes ver productos APPROVED. Un vendedor ve todos los suyos en my-products."


class ImageNotFound(NotFound):
    """The product has no such picture."""

    en = "This product has no picture {image_id}."
    es = "Este producto no tiene la imagen {image_id}."


class TooManyImages(Invalid):
    """The product has as many pictures as one may have."""

    en = "A product has at most {most} pictures. Delete one first."
    es = "Un producto tiene máximo {most} imágenes. Elimina una primero."


class ImageOrderIncomplete(Invalid):
    """The order does not name every picture once."""

    en = "Name each of the {count} pictures of the product exactly once."
    es = "Nombra exactamente una vez cada una de las {count} imágenes del producto."


class ShopNotOpen(Forbidden):
    """The vendor waits for approval or is suspended."""

    en = "Your shop may not sell now: it waits for approval or is suspended. Write to support."
    es = "Tu tienda no puede vender ahora: espera aprobación o está suspendida. Escribe a soporte."


class FeaturedByStaff(Forbidden):
    """Only the operator chooses what is featured."""

    en = "Only the operator features products. Leave is_featured out."
    es = "Solo el operador destaca productos. No envíes is_featured."


class SkuTaken(Conflict):
    """The vendor, or the product, already uses the SKU."""

    en = "The SKU {sku} is in use. Choose another one."
    es = "El SKU {sku} ya está en uso. Elige otro."


class SlugTaken(Conflict):
    """Another category, or another product, uses the slug."""

    en = "The slug {slug} is in use. Choose another one."
    es = "El slug {slug} ya está en uso. Elige otro."


class StatusChangeNotAllowed(Conflict):
    """The product may not go from the status it has to the wanted one."""

    en = "A product may not go from {status} to {wanted}. From here it may go to: {allowed}."
    es = "Un producto no puede pasar de {status} a {wanted}. Desde aquí puede pasar a: {allowed}."


class ReasonRequired(Invalid):
    """A rejection needs a reason that its vendor can act on."""

    en = "Say in `reason` what the vendor must correct."
    es = "Indica en `reason` qué debe corregir el vendedor."


class NothingWaits(NotFound):
    """No edit of the product waits for a decision."""

    en = "No change of this product waits. GET /admin/products/changes lists those that do."
    es = "Ningún cambio de este producto espera. GET /admin/products/changes lista los que hay."


class CompareAtPriceTooLow(Invalid):
    """The price before is not above the price."""

    en = "compare_at_price is the price before and must be above price. Raise it or send null."
    es = "compare_at_price es el precio anterior y debe superar price. Súbelo o envía null."


class CompareAtPriceNotReal(Invalid):
    """The price before is higher than any that the product really had."""

    en = "compare_at_price may be at most {highest}, its highest price of the last {days} days."
    es = "compare_at_price puede ser máximo {highest}, su mayor precio en {days} días."


class StockIsPerVariant(Conflict):
    """A product with several variants has no single stock level to set."""

    en = "This product has several variants. Set each one's level at /products/{id}/inventory."
    es = "Este producto tiene variantes. Fija la cantidad de cada una en /products/{id}/inventory."


class StockIsPerPlace(Conflict):
    """A product with units at more than its main place has no single stock level to set."""

    en = "It has units at another place too. Set each place's level at /products/{id}/inventory."
    es = "También tiene unidades en otro lugar. Fija cada cantidad en /products/{id}/inventory."


class CategoryInUse(Conflict):
    """Products or categories remain under the category."""

    en = "The category still holds {products} products and {children} categories. Add ?move_to=."
    es = "La categoría aún tiene {products} productos y {children} categorías. Agrega ?move_to=."


class CategoryCycle(Conflict):
    """A category cannot lie under itself."""

    en = "A category cannot be moved under itself or what lies under it. Choose another one."
    es = "Una categoría no puede moverse debajo de sí misma ni de sus descendientes. Elige otra."


class CategoryTooDeep(Invalid):
    """The tree would have too many levels."""

    en = "Categories have at most {levels} levels. Choose a parent nearer to the root."
    es = "Las categorías tienen máximo {levels} niveles. Elige un padre más cercano a la raíz."


class VariantNotFound(NotFound):
    """The product has no such variant."""

    en = "This product has no variant {variant_id}. Its inventory lists the variants it has."
    es = "Este producto no tiene la variante {variant_id}. Su inventario lista las que tiene."


class OptionsTaken(Conflict):
    """Two variants of a product would have the same options."""

    en = "Variant {sku} has the options of another one. Give it others, or change that one."
    es = "La variante {sku} tiene las opciones de otra. Dale otras, o cambia aquella."


class DefaultVariantKept(Conflict):
    """The default variant goes with its product: same SKU, same price, same life."""

    en = "The default variant has its product's SKU, price and life. Change or delete the product."
    es = (
        "La variante principal tiene el SKU, el precio y la vida del producto. Cambia o elimina el "
        "producto."
    )


class VariantInUse(Conflict):
    """Stock, orders or carts still hold the variant."""

    en = (
        "{on_hand} units ({reserved} reserved), {carts} carts and {waiting} backordered units hold "
        "it. Set stock to 0 first, when all that is ordered has arrived."
    )
    es = (
        "Tiene {on_hand} unidades ({reserved} reservadas), {carts} carritos y {waiting} unidades "
        "por llegar. Lleva el inventario a 0, cuando todo lo pedido haya llegado."
    )


class ProductAwaited(Conflict):
    """Orders wait for units of the product, which only who still sees it can let arrive."""

    en = (
        "Orders wait for {waiting} backordered units of it. Archive it instead, and send or refund "
        "those orders first."
    )
    es = (
        "Hay pedidos que esperan {waiting} unidades por llegar. Archívalo, y primero envía o "
        "reembolsa esos pedidos."
    )


class TooManyVariants(Invalid):
    """The product has as many variants as one may have."""

    en = "A product has at most {most} variants. Delete one first."
    es = "Un producto tiene máximo {most} variantes. Elimina una primero."
