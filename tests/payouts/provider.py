"""The hand on the simulator of Wompi payouts."""

from typing import Any

import httpx2


class Provider:
    """The account at Wompi, as a test sees and moves it."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def control(self, path: str, **body: object) -> None:
        """Change the simulator."""
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.is_success, answer.text

    def break_next(self, fault: str, operation: str = "send", **more: object) -> None:
        """Let the next call fail."""
        self.control("faults", operation=operation, fault=fault, **more)

    def mend(self) -> None:
        """End all faults; what hangs goes on."""
        assert self.http.delete("/_control/faults").is_success

    def finish(self, reference: str, status: str | None = None, **more: object) -> None:
        """End a line."""
        self.control(f"lines/{reference}", status=status, **more)

    def batches(self) -> list[dict[str, Any]]:
        """Return the batches with their lines."""
        found: list[dict[str, Any]] = self.http.get("/_control/batches").json()["data"]
        return found

    def transfers(self) -> list[tuple[str, int]]:
        """Return what was paid: reference and amount in centavos."""
        lines = [line for batch in self.batches() for line in batch["transactions"]]
        return [
            (line["reference"], line["amountInCents"])
            for line in lines
            if line["status"] == "APPROVED"
        ]

    def events(self) -> list[dict[str, Any]]:
        """Return the signed events that were sent."""
        found: list[dict[str, Any]] = self.http.get("/_control/events").json()["data"]
        return found
