"""An authenticator app in a test's hand, and a sign-in with its codes."""

from dataclasses import dataclass

import httpx2
import pyotp

from mestore.kernel.clock import now
from mestore.kernel.db import Database
from tests.accounts.rows import PASSWORD, heard

Headers = dict[str, str]

STEP_SECONDS = 30
"""How long an authenticator app shows a code (RFC 6238, section 5.2)."""


@dataclass(frozen=True, slots=True)
class Phone:
    """An authenticator app that shows the codes of one secret."""

    secret: str

    def code(self, steps: int = 0) -> str:
        """Return the code of the present time step, or of one some steps away."""
        return pyotp.TOTP(self.secret).at(int(now().timestamp()), counter_offset=steps)

    def wrong(self) -> str:
        """Return six digits that are no code of these minutes."""
        shown = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in map("{:06}".format, range(8)) if code not in shown)


async def enable(client: httpx2.AsyncClient, headers: Headers) -> Phone:
    """Turn MFA on; the code of this time step is used then, the next one is not."""
    begun = await client.post("/auth/mfa/enable", headers=headers)
    assert begun.status_code == 200, begun.text
    phone = Phone(begun.json()["secret"])
    answer = await client.post("/auth/mfa/verify", json={"code": phone.code()}, headers=headers)
    assert answer.status_code == 200, answer.text
    return phone


async def backup_codes(client: httpx2.AsyncClient, headers: Headers) -> list[str]:
    """Return a new set of backup codes."""
    answer = await client.get("/auth/mfa/backup-codes", headers=headers)
    assert answer.status_code == 200, answer.text
    codes: list[str] = answer.json()["backup_codes"]
    return codes


async def first_step(
    client: httpx2.AsyncClient, email: str, *, path: str = "login", headers: Headers | None = None
) -> str:
    """Sign in with the password and return the mfa_token."""
    body = {"email": email, "password": PASSWORD}
    answer = await client.post(f"/auth/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["mfa_token"]
    return token


async def second_step(
    client: httpx2.AsyncClient, mfa_token: str, **proof: object
) -> httpx2.Response:
    """Send the second factor: `code=…` or `passkey=…`."""
    return await client.post("/auth/mfa/verify", json={"mfa_token": mfa_token, **proof})


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def guests(database: Database) -> list[str]:
    """Return the guests' sessions that sign-ins took over, in order."""
    return [said["guest_session"] for name, said in await heard(database) if name == "SignedIn"]
