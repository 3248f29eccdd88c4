"""The simulated merchant account, held in memory."""

import asyncio
from datetime import UTC, datetime

from simulators.fault_book import FaultBook
from simulators.wompi import checks
from simulators.wompi.background import Background
from simulators.wompi.config import Config, Settings
from simulators.wompi.errors import Problems, invalid, not_found
from simulators.wompi.events import EventSender
from simulators.wompi.faults import Fault
from simulators.wompi.refunds import Refund, Refunds
from simulators.wompi.state import Transaction
from simulators.wompi.tokens import Acceptances, Card, CardVault
from simulators.wompi.views import shown
from simulators.wompi.wire import ListQuery, RefundIn, Status, TransactionIn


class Gateway:
    """Opens, ends, voids and finds transactions, and tells the shop about each end."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.settings: Settings = config.settings()
        self.background = Background()
        self.events = EventSender(config.events_secret, self.settings, self.background)
        self.faults = FaultBook[Fault]()
        self.acceptances = Acceptances(config.acceptance_ttl)
        self.cards = CardVault()
        self.refunds = Refunds()
        self._transactions: dict[str, Transaction] = {}
        self._opened = 0

    def create(self, wanted: TransactionIn, base_url: str) -> Transaction:
        """Open a PENDING payment, or refuse it naming every wrong field."""
        card = self._admit(wanted)
        now = datetime.now(UTC)
        self._opened += 1
        transaction_id = f"1-{int(now.timestamp())}-{10000 + self._opened}"
        site = (self.config.public_url or base_url).rstrip("/")
        transaction = Transaction(
            id=transaction_id,
            created_at=now,
            wanted=wanted,
            amount_in_cents=wanted.amount_in_cents,
            currency=wanted.currency,
            bank_url=f"{site}/bank/{transaction_id}",
            card=card,
        )
        self._transactions[transaction.id] = transaction
        outcome = transaction.outcome()
        if outcome is not None:
            self.background.start(self._resolve(transaction, outcome))
        return transaction

    def _admit(self, wanted: TransactionIn) -> Card | None:
        problems = Problems()
        single_use = self.settings.single_use_acceptance
        checks.acceptances(wanted, self.acceptances, problems, single_use=single_use)
        checks.signature(wanted, self.config.integrity_secret, problems)
        if self.has_reference(wanted.reference):
            problems.add(["reference"], "La referencia ya ha sido usada")
        checks.amount(wanted, problems)
        checks.expiration(wanted, problems)
        checks.bank(wanted, problems)
        card = checks.card(wanted, self.cards, problems)
        problems.refuse()
        self.acceptances.use(wanted.acceptance_token, wanted.accept_personal_auth)
        if card is not None:
            self.cards.use(card)
        return card

    async def _resolve(self, transaction: Transaction, outcome: Status) -> None:
        await asyncio.sleep(self.settings.resolve_after)
        self.finish(transaction, outcome)

    def finish(self, transaction: Transaction, status: Status) -> bool:
        """Take the step and tell the shop, unless the state machine forbids it."""
        if not transaction.may_become(status):
            return False
        transaction.become(status)
        self.tell(transaction)
        return True

    def tell(self, transaction: Transaction) -> None:
        """Send the event of how the transaction stands now."""
        self.events.send(self.view(transaction), self.settings.repeats)

    def void(self, transaction: Transaction, amount_in_cents: int | None) -> None:
        """Give a whole approved card payment back."""
        if transaction.method != "CARD" or not transaction.may_become(Status.VOIDED):
            text = "Solo se anulan transacciones APPROVED hechas con tarjeta"
            raise invalid("transaction", text=text)
        if amount_in_cents not in (None, transaction.amount_in_cents) or self.refunds.sum_of(
            transaction.id
        ):
            raise invalid("amount_in_cents", text="Solo se anula el valor completo")
        self.finish(transaction, Status.VOIDED)

    def refund(self, wanted: RefundIn) -> Refund:
        """Give money back, as the scenario of this request or that of the settings has it."""
        scenario = self.settings.refund_scenario or wanted.test_scenario
        return self.refunds.add(self.get(wanted.transaction_id), wanted, scenario)

    def get(self, transaction_id: str) -> Transaction:
        """Find a transaction, or answer that it does not exist."""
        found = self._transactions.get(transaction_id)
        if found is None:
            raise not_found()
        return found

    def all(self) -> list[Transaction]:
        """Give every transaction, oldest first."""
        return list(self._transactions.values())

    def has_reference(self, reference: str) -> bool:
        """Tell whether the merchant already used this reference."""
        return any(one.wanted.reference == reference for one in self.all())

    def page(self, query: ListQuery) -> tuple[list[Transaction], int]:
        """Give one page of what the filters keep, and how many they keep."""
        kept = [one for one in self.all() if one.matches(query)]
        if query.order == "DESC":
            kept.reverse()
        start = (query.page - 1) * query.page_size
        return kept[start : start + query.page_size], len(kept)

    def view(self, transaction: Transaction) -> dict[str, object]:
        """Show the transaction as Wompi does."""
        return shown(transaction, self.settings.polls_before_url)

    def reset(self) -> None:
        """Go back to how it was just after the start; acceptance tokens stay good."""
        self.background.cancel_all()
        self._transactions.clear()
        self.cards.clear()
        self.refunds.given.clear()
        self.events.clear()
        self.faults.clear()
        self.settings.change(self.config.settings().model_dump())
