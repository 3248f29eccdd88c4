"""What is over is deleted, what counts stays."""

from datetime import timedelta

import httpx2
import pytest

from mestore.accounts.jobs import PurgeOldSessions, purge_old_sessions
from mestore.accounts.models import RefreshToken, Session, SignInFailure
from mestore.kernel.clock import Clock
from mestore.kernel.db import Database
from tests.accounts.rows import PASSWORD, rows
from tests.build import Build


async def test_expired_sessions_and_old_failures_are_deleted(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = await build.user()
    right, wrong = (
        {"email": user.email, "password": password} for password in (PASSWORD, "Wrong-pass-1")
    )
    for days in (0, 4, 8):
        monkeypatch.setattr(Clock, "offset", timedelta(days=days))
        assert (await client.post("/auth/login", json=wrong)).status_code == 401
        assert (await client.post("/auth/login", json=right)).status_code == 200
    before = await rows(database, Session)

    async with database.transaction() as tx:
        await purge_old_sessions(tx, PurgeOldSessions())

    assert await rows(database, Session) == before[1:]
    assert {token.session_id for token in await rows(database, RefreshToken)} == {
        session.id for session in before[1:]
    }
    assert len(await rows(database, SignInFailure)) == 1
