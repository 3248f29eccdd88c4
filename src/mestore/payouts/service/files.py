"""The file of a batch as banks take it: the same bytes however often it is asked for."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from unicodedata import normalize

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import BOGOTA
from mestore.payouts.errors import BatchNotFound, NoFile
from mestore.payouts.repository.batches import BatchRepository
from mestore.payouts.repository.payouts import PayoutRepository
from mestore.payouts.types import AccountType, Batch, Channel, Payout

_HEAD = (
    "reference",
    "document_type",
    "document_number",
    "name",
    "bank_code",
    "account_type",
    "account_number",
    "amount",
    "currency",
)
_KINDS = {AccountType.AHORROS: "37", AccountType.CORRIENTE: "27", AccountType.DEPOSITO: "52"}
_NAME_WIDTH = 30


async def file_of(connection: AsyncConnection, batch_id: int, *, is_fixed: bool) -> bytes:
    """Return the file of a BANK_FILE batch, as CSV or in fixed columns."""
    batch = await BatchRepository(connection).find(batch_id)
    if batch is None:
        raise BatchNotFound
    if batch.channel is not Channel.BANK_FILE:
        raise NoFile(channel=batch.channel.value)
    payouts = await PayoutRepository(connection).of_batch(batch_id)
    return as_columns(batch, payouts) if is_fixed else as_csv(payouts)


def as_csv(payouts: Sequence[Payout]) -> bytes:
    """Return one line a payout under a head, the amount in pesos with two decimals."""
    written = StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(_HEAD)
    for payout in payouts:
        account = payout.bank_account
        lines.writerow(
            (
                payout.reference,
                account.document_type.value,
                account.document_number,
                account.holder_name,
                account.bank_code,
                account.account_type.value,
                account.account_number,
                f"{Decimal(payout.amount_minor) / 100:.2f}",
                payout.currency,
            )
        )
    return written.getvalue().encode()


def as_columns(batch: Batch, payouts: Sequence[Payout]) -> bytes:
    """Return a control line and one line a payout, in fixed columns of plain ASCII.

    Control: `1`, reference (40), Bogotá's date (8), lines (6), total in centavos (17). Detail: `6`,
    document number (15), name (30), bank (4), account (20), kind (2: 27 checking, 37 savings, 52
    deposit), amount in centavos (17), reference (40). Numbers are filled with zeros on the left,
    words with spaces on the right.
    """
    total_minor = sum(payout.amount_minor for payout in payouts)
    day = f"{batch.created_at.astimezone(BOGOTA):%Y%m%d}"
    lines = [f"1{batch.reference:<40}{day}{len(payouts):06d}{total_minor:017d}"]
    lines += [_columns(payout) for payout in payouts]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _columns(payout: Payout) -> str:
    account = payout.bank_account
    # Without its check digit, as a bank knows a NIT.
    document = account.document_number.partition("-")[0]
    name = _plain(account.holder_name)[:_NAME_WIDTH]
    return (
        f"6{document:<15}{name:<{_NAME_WIDTH}}{account.bank_code:>4}{account.account_number:0>20}"
        f"{_KINDS[account.account_type]}{payout.amount_minor:017d}{payout.reference:<40}"
    )


def _plain(words: str) -> str:
    """Return words in capitals without accents, all that a bank's old file may hold."""
    return normalize("NFKD", words).encode("ascii", "ignore").decode().upper()
