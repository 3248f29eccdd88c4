"""What interests refuse."""

from mestore.kernel.errors import Conflict, Invalid, NotFound


class PastSearchNotFound(NotFound):
    """There is no such search in the caller's history."""

    en = "There is no such search in your history."
    es = "No existe esa búsqueda en tu historial."


class SavedSearchNotFound(NotFound):
    """There is no such saved search of the caller."""

    en = "There is no such saved search, or it is not yours."
    es = "No existe esa búsqueda guardada, o no es tuya."


class SearchAlreadySaved(Conflict):
    """The caller saved the same search, or another one under the same name."""

    en = "You have saved this search already, or another one under this name. Choose another name."
    es = "Ya guardaste esta búsqueda, u otra con este nombre. Elige otro nombre."


class TooManySavedSearches(Conflict):
    """The caller has saved as many searches as there may be."""

    en = "You have {most} saved searches, the most there may be. Delete one first."
    es = "Tienes {most} búsquedas guardadas, el máximo. Elimina una primero."


class NothingToSearch(Invalid):
    """A saved search without words and filters would match everything."""

    en = "Send words in query, or at least one filter."
    es = "Envía palabras en query, o al menos un filtro."


class PriceLimitsCrossed(Invalid):
    """No price is within the limits of a saved search."""

    en = "min_price is above max_price, so nothing can match. Send the lower one as min_price."
    es = "min_price es mayor que max_price y nada puede coincidir. Envía el menor en min_price."


class PriceAlertNotFound(NotFound):
    """There is no such price alert of the caller."""

    en = "There is no such price alert, or it is not yours."
    es = "No existe esa alerta de precio, o no es tuya."


class PriceAlreadyWatched(Conflict):
    """The caller has a price alert of this variant."""

    en = "You watch this price already. Delete that alert to set another target."
    es = "Ya sigues este precio. Elimina esa alerta para fijar otro objetivo."


class TooManyPriceAlerts(Conflict):
    """The caller watches as many prices as there may be."""

    en = "You watch {most} prices, the most there may be. Delete an alert first."
    es = "Sigues {most} precios, el máximo. Elimina una alerta primero."


class TargetNotBelowPrice(Invalid):
    """The price is at the target already."""

    en = "It costs {price} now. Send a lower target_price, or none to hear of any drop."
    es = "Hoy cuesta {price}. Envía un target_price menor, o ninguno para saber de toda rebaja."
