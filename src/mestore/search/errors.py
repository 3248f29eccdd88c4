"""What search refuses."""

from mestore.kernel.errors import NotFound, Unavailable


class SynonymsNotFound(NotFound):
    """There is no such group of synonyms."""

    en = "There is no group of synonyms {key}. GET /admin/search/synonyms lists them."
    es = "No existe el grupo de sinónimos {key}. GET /admin/search/synonyms los lista."


class VectorsUnavailable(Unavailable):
    """What makes or keeps vectors did not answer as it should."""

    en = "Search by meaning is not available ({reason}). Try again in a while."
    es = "La búsqueda por significado no está disponible ({reason}). Intenta de nuevo en un rato."
