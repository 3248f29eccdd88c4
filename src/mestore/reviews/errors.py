"""What reviews refuse."""

from mestore.kernel.errors import Conflict, Forbidden, NotFound


class ReviewNotFound(NotFound):
    """There is no such review for this caller."""

    en = "There is no such review, or it is not yours."
    es = "No existe esa reseña, o no es tuya."


class NotBought(Forbidden):
    """No delivered order of the caller has the product."""

    en = "Only who bought this product and received it may review it."
    es = "Solo puede reseñar este producto quien lo compró y lo recibió."


class AlreadyReviewed(Conflict):
    """Each delivered order of the product has its review."""

    en = "You have reviewed this product for each order of it. Edit your review instead."
    es = "Ya reseñaste este producto por cada pedido. Edita tu reseña."


class OwnReview(Conflict):
    """Nobody marks a review of their own."""

    en = "You cannot mark your own review."
    es = "No puedes marcar tu propia reseña."
