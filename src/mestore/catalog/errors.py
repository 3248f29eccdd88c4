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
    """Another category uses the slug."""

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


class CompareAtPriceTooLow(Invalid):
    """The price before is not above the price."""

    en = "compare_at_price is the price before and must be above price. Raise it or send null."
    es = "compare_at_price es el precio anterior y debe superar price. Súbelo o envía null."


class StockIsPerVariant(Conflict):
    """A product with several variants has no single stock level to set."""

    en = "This product has several variants. Set each one's level at /products/{id}/inventory."
    es = "Este producto tiene variantes. Fija la cantidad de cada una en /products/{id}/inventory."


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
