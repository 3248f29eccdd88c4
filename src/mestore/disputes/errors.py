"""What disputes refuse."""

from mestore.kernel.errors import Conflict, NotFound


class DisputeNotFound(NotFound):
    """There is no such dispute for this caller."""

    en = "There is no such dispute, or it is not yours to see."
    es = "No existe esa disputa, o no está a tu alcance."


class DisputeKnown(Conflict):
    """The gateway's or bank's id of the dispute was written down before."""

    en = "The dispute {reference} is known already. Look for it with GET /admin/disputes."
    es = "La disputa {reference} ya está registrada. Búscala en GET /admin/disputes."


class NothingToDispute(Conflict):
    """The order has no payment that a bank could take back."""

    en = "This order has no approved payment that could be disputed."
    es = "Este pedido no tiene un pago aprobado que se pueda disputar."


class DisputeTooLarge(Conflict):
    """More is disputed than was paid."""

    en = "A payment of {paid} cannot be disputed for more. Send that amount or less."
    es = "Un pago de {paid} no se puede disputar por más. Envía ese valor o menos."


class DisputeDecided(Conflict):
    """The dispute has ended."""

    en = "The dispute is {state}. Send correct=true with the reason to correct the decision."
    es = "La disputa está en {state}. Envía correct=true con el motivo para corregir la decisión."


class EvidenceTooLate(Conflict):
    """The dispute was decided before the evidence came."""

    en = "The dispute is {state}: nothing can be added. Ask the operator to correct the decision."
    es = "La disputa está en {state}: ya no se puede añadir. Pide al operador que la corrija."
