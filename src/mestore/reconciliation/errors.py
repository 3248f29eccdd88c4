"""What reconciliation refuses."""

from mestore.kernel.errors import Conflict, NotFound


class DifferenceNotFound(NotFound):
    """There is no such difference."""

    en = "There is no such difference."
    es = "No existe esa diferencia."


class DifferenceClosed(Conflict):
    """Somebody closed it already."""

    en = "This difference is closed already."
    es = "Esta diferencia ya está cerrada."


class SettlementKnown(Conflict):
    """The bank's reference was recorded before."""

    en = "The settlement {reference} of this gateway is recorded already."
    es = "La liquidación {reference} de esta pasarela ya está registrada."


class SettlementTooLarge(Conflict):
    """The gateway holds less than it is said to have paid and kept."""

    en = (
        "This gateway holds {held} by our books. Look at the amounts again, and reconcile the days"
        " that the settlement is for."
    )
    es = (
        "Según nuestros libros esta pasarela tiene {held}. Revisa los valores y concilia los días"
        " de la liquidación."
    )
