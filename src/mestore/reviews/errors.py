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


class OwnProduct(Forbidden):
    """Nobody reviews what they sell."""

    en = "You sell this product. Its reviews are for those who buy it from you."
    es = "Tú vendes este producto. Sus reseñas son de quienes te lo compran."


class AlreadyReviewed(Conflict):
    """Each delivered order of the product has its review."""

    en = "You have reviewed this product for each order of it. Edit your review instead."
    es = "Ya reseñaste este producto por cada pedido. Edita tu reseña."


class OwnReview(Conflict):
    """Nobody marks a review of their own."""

    en = "You cannot mark your own review."
    es = "No puedes marcar tu propia reseña."
