"""Simulated stores, seen from their own side."""

from typing import Any

import httpx2

from tests.contracts.blob_store import Operation


def control(url: str, path: str, **body: object) -> None:
    """Tell a simulator what to do."""
    answer = httpx2.post(f"{url}/_control/{path}", json=body, trust_env=False)
    assert answer.is_success, answer.text


def kept(url: str) -> dict[str, Any]:
    """Return what a simulator keeps, and how often each file was written."""
    found: dict[str, Any] = httpx2.get(f"{url}/_control/files", trust_env=False).json()
    return found


class Simulated:
    """A simulated store as new."""

    def __init__(self, url: str) -> None:
        self.url = url
        control(url, "reset")

    def names(self) -> list[str]:
        """The names of all files there are."""
        return list(kept(self.url)["files"])

    async def headers(self, url: str) -> tuple[bytes, dict[str, str]]:
        """The content that a browser finds there, and the headers with it."""
        async with httpx2.AsyncClient(trust_env=False) as browser:
            answer = await browser.get(url)
        assert answer.status_code == 200
        return answer.content, dict(answer.headers)

    def fail(self, operation: Operation) -> None:
        """Let calls fail without acting, until `recover`."""
        control(self.url, "faults", operation=operation, fault="error_500", times=1000)

    def recover(self) -> None:
        """Answer again."""
        control(self.url, "recover")

    def answer_nothing(self, operation: Operation) -> None:
        """Act on the next call, and answer nothing."""
        control(self.url, "faults", operation=operation, fault="timeout_after")
