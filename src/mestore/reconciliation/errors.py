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
