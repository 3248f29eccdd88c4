"""Recording what a gateway paid into the operator's bank, and what it kept of that."""

from dataclasses import asdict

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.money import CURRENCY, to_number
from mestore.ledger.service import LedgerService
from mestore.ledger.types import gateway_account
from mestore.reconciliation.errors import SettlementKnown, SettlementTooLarge
from mestore.reconciliation.repository import ReconciliationRepository
from mestore.reconciliation.types import Settlement


async def settle(tx: Tx, settlement: Settlement) -> int:
    """Record a settlement and return its id.

    Raises `SettlementKnown` for a bank reference that was recorded, and `SettlementTooLarge` where
    the gateway holds less by our books: a slip of the pen, or sales that we do not know yet.
    """
    ledger = LedgerService(tx)
    account = gateway_account(settlement.gateway)
    await ledger.lock(account)
    held = await ledger.balance(account)
    if settlement.gross_minor > held:
        raise SettlementTooLarge(held=to_number(held))
    row = {**asdict(settlement), "created_at": now()}
    settlement_id = await ReconciliationRepository(tx.connection).add_settlement(row)
    if settlement_id is None:
        raise SettlementKnown(reference=settlement.bank_reference)
    await ledger.post_settlement(
        settlement_id,
        settlement.gateway,
        settlement.net_minor,
        settlement.fee_minor,
        settlement.withheld_minor,
        CURRENCY,
    )
    after = asdict(settlement) | {"settled_on": settlement.settled_on.isoformat()}
    record(tx, Act.SETTLEMENT_RECORDED, Subject.SETTLEMENT, settlement_id, after=after)
    return settlement_id
