"""The simulated account, held in memory: its batches, and how their lines end."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_DNS, uuid4, uuid5

# Account numbers whose lines never are paid, as their names say.
MAGIC = {"999999999": "D05", "888888888": "D06", "777777777": "D12"}
PENDING_NUMBER = "666666666"
_NUMBERS = (
    *(1, 2, 6, 7, 9, 12, 13, 14, 19, 23, 31, 32, 40, 47, 51, 52, 53, 59, 60, 61, 62, 63, 65, 66),
    *(67, 69, 70, 71, 121, 283, 286, 289, 292, 303, 370, 507, 551, 558, 560, 637, 801, 802, 803),
    *(804, 805, 808, 809, 811, 812, 814, 819),
)
CODES = tuple(str(1000 + number) for number in _NUMBERS)
BANKS = {code: str(uuid5(NAMESPACE_DNS, f"{code}.banks.simulator")) for code in CODES}
DAILY_LIMIT = 150_000_000_000

Row = dict[str, Any]


class Refused(Exception):
    """An answer that is an error: `EXC_…` and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.body = {"code": code, "message": message}


@dataclass
class Batch:
    """A batch with its lines."""

    id: str
    reference: str
    lines: list[Row] = field(default_factory=list)
    end: str | None = None
    """What the sandbox was asked for all lines, `transactionStatus`: APPROVED or FAILED."""
    is_rejected: bool = False

    @property
    def status(self) -> str:
        """TOTAL_PAYMENT once every line has ended, whichever way; REJECTED is final too."""
        if self.is_rejected:
            return "REJECTED"
        open_lines = sum(line["status"] == "PENDING" for line in self.lines)
        if not open_lines:
            return "TOTAL_PAYMENT"
        return "PENDING" if open_lines == len(self.lines) else "PARTIAL_PAYMENT"

    def shown(self) -> Row:
        """Give the batch as the API and the events show it."""
        amount = sum(line["amountInCents"] for line in self.lines)
        return {
            "id": self.id,
            "reference": self.reference,
            "status": self.status,
            "amountInCents": amount,
        }


class Account:
    """Batches by id, the oldest first. Money that left is counted by the references of lines."""

    def __init__(self, balance: int = 10**15) -> None:
        self.balance = balance
        self.largest_page = 100
        self.batches: dict[str, Batch] = {}
        self.keys: set[str] = set()

    def make(self, body: Row, key: str) -> Row:
        """Take a batch, once per key."""
        if key in self.keys:
            raise Refused(409, "EXC_022", "The idempotency key was already processed")
        lines = body.get("transactions") or []
        if not body.get("reference") or not lines:
            raise Refused(400, "EXC_002", "reference and transactions are required")
        for line in lines:
            _check(line)
        total = sum(line["amount"] for line in lines)
        if total > DAILY_LIMIT:
            raise Refused(400, "EXC_017", "The daily limit is exceeded")
        if total > self.balance:
            raise Refused(400, "EXC_008", "The account has not enough balance")
        self.keys.add(key)
        made = [_line(line) for line in lines]
        batch = Batch(str(uuid4()), body["reference"], made, body.get("transactionStatus"))
        self.batches[batch.id] = batch
        return {"payoutId": batch.id, "transactions": len(lines), "success": len(lines)}

    def resolve(self, batch: Batch) -> list[Row]:
        """End the lines that may end, and return them."""
        moved = []
        for line in () if batch.is_rejected else batch.lines:
            if line["status"] == "PENDING" and line["accountNumber"] != PENDING_NUMBER:
                self.finish(line, batch.end)
                moved.append(line)
        return moved

    def finish(self, line: Row, status: str | None = None) -> None:
        """End one line, as its account number says where no other end is asked for."""
        code = MAGIC.get(line["accountNumber"])
        line["status"] = status or ("FAILED" if code else "APPROVED")
        if line["status"] == "APPROVED":
            self.balance -= line["amountInCents"]
        else:
            line["failureReason"] = code or "D49"

    def batch(self, batch_id: str) -> Batch:
        """Find a batch, or answer that there is none."""
        if batch_id not in self.batches:
            raise Refused(404, "EXC_002", "The payout does not exist")
        return self.batches[batch_id]

    def line(self, reference: str) -> tuple[Batch, Row]:
        """Find a line with its batch, or answer that there is none."""
        for batch in self.batches.values():
            for line in batch.lines:
                if line["reference"] == reference:
                    return batch, line
        raise Refused(404, "EXC_002", "The transaction does not exist")

    def paid(self) -> list[Row]:
        """Give every line that was paid."""
        lines = (line for batch in self.batches.values() for line in batch.lines)
        return [line for line in lines if line["status"] == "APPROVED"]


def _line(given: Row) -> Row:
    return {
        "id": f"tx-{secrets.token_hex(8)}",
        "reference": given["reference"],
        "status": "PENDING",
        "amountInCents": given["amount"],
        "accountNumber": given["accountNumber"],
        "failureReason": None,
    }


def _check(line: Row) -> None:
    number = str(line.get("accountNumber", ""))
    is_right = (
        number.isdigit()
        and 6 <= len(number) <= 20
        and number.strip("0") != ""
        and line.get("accountType") in {"AHORROS", "CORRIENTE", "DEPOSITO_ELECTRONICO"}
        and line.get("legalIdType") in {"CC", "NIT", "CE", "PP", "TI", "DNI"}
        and line.get("bankId") in BANKS.values()
        and isinstance(line.get("amount"), int)
        and line["amount"] > 0
        and bool(line.get("name"))
        and bool(line.get("reference"))
    )
    if not is_right:
        raise Refused(400, "EXC_002", f"The transaction {line.get('reference')} is not valid")
