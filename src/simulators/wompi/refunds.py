"""The refunds API as its sandbox page has it; what it says of repeats is this simulator's own."""

import uuid
from dataclasses import dataclass, field

from simulators.wompi.errors import invalid
from simulators.wompi.state import Transaction
from simulators.wompi.wire import RefundIn, RefundStatus, Status


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, or not."""

    wanted: RefundIn
    status: RefundStatus
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def shown(self) -> dict[str, object]:
        """Give the refund as the API shows it."""
        body = self.wanted.model_dump(exclude_none=True, exclude={"test_scenario"})
        return {"id": self.id, **body, "status": self.status, "status_message": None}


class Refunds:
    """All refunds, oldest first."""

    def __init__(self) -> None:
        self.given: list[Refund] = []

    def add(self, transaction: Transaction, wanted: RefundIn, scenario: RefundStatus) -> Refund:
        """Give a part of an approved payment back, or say why not."""
        if transaction.status is not Status.APPROVED:
            raise invalid("transaction_id", text="Solo se reembolsan transacciones APPROVED")
        references = {each.wanted.reference for each in self.given}
        if wanted.reference is not None and wanted.reference in references:
            raise invalid("reference", text="La referencia ya ha sido usada")
        left = transaction.amount_in_cents - self.sum_of(transaction.id)
        if wanted.amount_in_cents > left:
            raise invalid("amount_in_cents", text="Supera el valor por reembolsar")
        made = Refund(wanted, scenario)
        self.given.append(made)
        return made

    def sum_of(self, transaction_id: str) -> int:
        """Add up what of a transaction went back."""
        return sum(
            each.wanted.amount_in_cents
            for each in self.given
            if each.wanted.transaction_id == transaction_id and each.status == "APPROVED"
        )
