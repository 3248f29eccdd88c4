"""What payouts refuse."""

from mestore.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class PayoutNotFound(NotFound):
    """There is no such payout for this caller."""

    en = "There is no such payout, or it is not yours to see."
    es = "No existe ese pago, o no está a tu alcance."


class BatchNotFound(NotFound):
    """There is no such batch."""

    en = "There is no such batch. GET /admin/payout-batches lists them."
    es = "No existe ese lote. GET /admin/payout-batches los lista."


class BankAccountNotFound(NotFound):
    """The vendor named no bank account."""

    en = "There is no bank account yet. Name it at PUT /vendors/bank-account."
    es = "Aún no hay cuenta bancaria. Regístrala en PUT /vendors/bank-account."


class NoBankAccount(Conflict):
    """The vendor named no bank account."""

    en = "There is no bank account yet. Name it at PUT /vendors/bank-account."
    es = "Aún no hay cuenta bancaria. Regístrala en PUT /vendors/bank-account."


class BankAccountOnHold(Conflict):
    """The bank account changed a short time ago."""

    en = "The bank account changed lately. It takes money from {usable_from} on."
    es = "La cuenta bancaria cambió hace poco. Recibe dinero desde {usable_from}."


class BankAccountRejected(Conflict):
    """A bank turned the account down."""

    en = "The bank turned this account down. Check it and name it again: PUT /vendors/bank-account."
    es = "El banco rechazó esta cuenta. Revísala y regístrala otra vez: PUT /vendors/bank-account."


class HolderMismatch(Invalid):
    """The account is not the vendor's own."""

    en = "The account has to be in the name of NIT {nit}, which is your shop's."
    es = "La cuenta debe estar a nombre del NIT {nit}, que es el de tu tienda."


class NegativeBalance(Conflict):
    """Refunds or disputes took more than the vendor has."""

    en = "The balance is {available}: sales to come pay for it first. Nothing can be drawn."
    es = "El saldo es {available}: las próximas ventas lo cubren primero. No hay nada que retirar."


class InsufficientBalance(Conflict):
    """More is asked for than is available."""

    en = "At most {available} is available. Ask for that, or leave the amount out."
    es = "Hay disponible como máximo {available}. Pide ese valor o no envíes el valor."


class BelowMinimum(Conflict):
    """The amount is smaller than a payout may be."""

    en = "A payout is at least {minimum}, and {available} is available. Wait for more sales."
    es = "Un pago es de mínimo {minimum} y hay {available} disponible. Espera a más ventas."


class WalletFull(Conflict):
    """The wallet may not take as much in a month."""

    en = "Your wallet takes {left} more this month. Ask for that, or name an account of a bank."
    es = "Tu billetera recibe {left} más este mes. Pide eso o registra una cuenta de un banco."


class VendorSuspended(Conflict):
    """The shop is suspended."""

    en = "Your shop is suspended, so nothing is paid out. Write to the marketplace."
    es = "Tu tienda está suspendida y no se hacen pagos. Escribe al marketplace."


class PayoutNotPossible(Conflict):
    """The payout is in a state that does not allow this."""

    en = "A payout that is {state} cannot be {act}. Read it again."
    es = "Un pago en estado {state} no admite esta acción ({act}). Consúltalo de nuevo."


class AlreadyApprovedByYou(Conflict):
    """The same person approves twice."""

    en = "You approved this payout already. Somebody else has to approve it too."
    es = "Ya aprobaste este pago. Otra persona debe aprobarlo también."


class OwnPayout(Forbidden):
    """Who asked for a payout, or gets it, decides about it."""

    en = "You asked for this payout or own the shop it goes to. Somebody else has to decide."
    es = "Pediste este pago o la tienda es tuya. Otra persona debe decidir."


class NothingToSend(Conflict):
    """There is no approved payout."""

    en = "No approved payout waits for a batch. Approve some first."
    es = "Ningún pago aprobado espera un lote. Aprueba algunos primero."


class NotBatchable(Conflict):
    """A payout cannot go into this batch."""

    en = "{ids} cannot go into this batch: not approved, in a batch, or of a document it lacks."
    es = "{ids} no puede ir en este lote: sin aprobar, en otro lote o con un documento no admitido."


class ChannelMissing(Conflict):
    """The channel is not set up."""

    en = "{channel} is not set up here. Use BANK_FILE, or set its keys."
    es = "{channel} no está configurado. Usa BANK_FILE o configura sus llaves."


class BatchSent(Conflict):
    """The batch was sent, or has ended."""

    en = "This batch was sent or has ended, so it cannot be called off."
    es = "Este lote ya se envió o terminó, así que no se puede anular."


class NoFile(NotFound):
    """The batch has no file."""

    en = "Only a BANK_FILE batch has a file. This one is {channel}."
    es = "Solo un lote BANK_FILE tiene archivo. Este es {channel}."


class ResultsNotTaken(Conflict):
    """The channel itself says how its payouts ended."""

    en = "{channel} tells its results itself. Enter them for what stays UNKNOWN for a day."
    es = "{channel} informa sus resultados. Regístralos solo si siguen UNKNOWN tras un día."


class ChannelUnavailable(Unavailable):
    """The channel does not answer; it can be asked again."""

    en = "The payout provider does not answer. Ask again in {retry_after} seconds."
    es = "El proveedor de pagos no responde. Consulta de nuevo en {retry_after} segundos."


class NotSubmitted(ChannelUnavailable):
    """The channel was surely not reached; nothing was paid."""


class BatchRefused(Conflict):
    """The channel refused the whole batch; nothing was paid."""

    en = "The payout provider refused the batch: {reason}"
    es = "El proveedor de pagos rechazó el lote: {reason}"


class OutcomeUnknown(Exception):
    """The channel may have acted, and did not say so. It must be asked, never sent to again."""
