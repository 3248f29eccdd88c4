"""Sessions: opened by a sign-in, prolonged by a refresh, ended by their owner or by a theft."""

from datetime import datetime
from uuid import UUID

from mestore.accounts.errors import InvalidRefreshToken, SessionNotFound
from mestore.accounts.events import SignedIn
from mestore.accounts.repository import SessionRepository
from mestore.accounts.service.activity import ActivityLog
from mestore.accounts.service.acts import record
from mestore.accounts.service.tokens import AccessTokens, digest_of, new_refresh_token
from mestore.accounts.types import Activity, Device, OpenedSession, SignInPolicy, UserProfile
from mestore.accounts.types.acts import Act, Actor, Subject
from mestore.accounts.views import get_profile
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.ids import uuid7


class SessionService:
    """Opens, prolongs and ends sessions. Tokens of an ended session stop working at once."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.sessions = SessionRepository(tx.connection)
        self.policy = tx.policy(SignInPolicy)

    async def open(
        self, user: UserProfile, device: Device, guest_session: str | None = None
    ) -> OpenedSession:
        """Open a session of `user`; `guest_session` is the cart this device had as a guest."""
        moment = now()
        session_id = uuid7()
        await self.sessions.add(
            {
                "id": session_id,
                "user_id": user.id,
                "ip_address": device.ip_address,
                "user_agent": device.user_agent,
                "created_at": moment,
                "last_seen": moment,
                "expires_at": moment + self.policy.refresh,
            }
        )
        await ActivityLog(self.tx).add(user.id, Activity.LOGIN, device=device)
        actor = Actor(user.id, user.user_type)
        record(self.tx, Act.SIGNED_IN, Subject.USER, user.id, actor=actor)
        if guest_session:
            self.tx.publish(SignedIn(user.id, guest_session))
        return await self._hand_out(user, session_id, moment)

    async def rotate(self, refresh_token: str, device: Device) -> OpenedSession | None:
        """Give new tokens for a refresh token and use it up.

        None says that it had been used before: somebody else has a copy, so the session has been
        ended, and that must be committed.
        """
        digest = digest_of(refresh_token)
        moment = now()
        token = await self.sessions.find_token(digest)
        if token is None or not token.is_usable(moment):
            raise InvalidRefreshToken()
        if not await self.sessions.spend(digest, moment):
            await self.sessions.end(token.session_id, token.user_id, moment)
            record(self.tx, Act.REFRESH_TOKEN_REUSED, Subject.USER, token.user_id)
            return None
        prolonged = await self.sessions.prolong(
            token.session_id,
            moment=moment,
            until=moment + self.policy.refresh,
            address=device.ip_address,
            agent=device.user_agent,
        )
        if not prolonged:
            raise InvalidRefreshToken()
        user, _ = await get_profile(self.tx.connection, token.user_id)
        return await self._hand_out(user, token.session_id, moment)

    async def end(self, session_id: UUID, user_id: UUID) -> None:
        """End one open session of a user; one of somebody else is not found."""
        if not await self.sessions.end(session_id, user_id, now()):
            raise SessionNotFound()
        await ActivityLog(self.tx).add(user_id, Activity.LOGOUT, session_id=str(session_id))
        record(self.tx, Act.SIGNED_OUT, Subject.USER, user_id, after={"session_id": session_id})

    async def end_all(self, user_id: UUID, *, but: UUID | None = None) -> int:
        """End the sessions of a user, all or all but one, and return how many there were."""
        ended = await self.sessions.end_all(user_id, now(), but)
        if ended:
            await ActivityLog(self.tx).add(user_id, Activity.SESSIONS_ENDED, sessions=ended)
            after = {"sessions": ended}
            record(self.tx, Act.SESSIONS_ENDED, Subject.USER, user_id, after=after)
        return ended

    async def _hand_out(
        self, user: UserProfile, session_id: UUID, moment: datetime
    ) -> OpenedSession:
        refresh_token = new_refresh_token()
        await self.sessions.add_token(digest_of(refresh_token), session_id, moment)
        return OpenedSession(
            access_token=AccessTokens(self.policy).issue(user, session_id, moment),
            refresh_token=refresh_token,
            expires_in=int(self.policy.access.total_seconds()),
            user_id=user.id,
            user=user,
        )


async def refresh(database: Database, refresh_token: str, device: Device) -> OpenedSession:
    """Exchange a refresh token for new tokens; one that was used before ends its session."""
    async with database.transaction() as tx:
        opened = await SessionService(tx).rotate(refresh_token, device)
    if opened is None:
        raise InvalidRefreshToken()
    return opened
