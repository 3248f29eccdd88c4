"""A real SMTP server on the loopback, in the event loop of its test."""

import asyncio
from dataclasses import dataclass, field
from email.message import EmailMessage
from ssl import SSLContext
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.notifications.messages import read

USER, PASSWORD = "shop", "sample-pass"


@dataclass(frozen=True, slots=True)
class Received:
    """What came in: the envelope's addresses, the bytes, and what they mean."""

    sender: str
    recipients: list[str]
    content: bytes
    is_encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """The mail as a mail program reads it."""
        return read(self.content)


@dataclass(slots=True)
class MailServer:
    """Keeps mails in `inbox`, or answers `refusal` to each; with `tls` it offers STARTTLS."""

    port: int = 0
    tls: SSLContext | None = None
    refusal: str | None = None
    inbox: list[Received] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen on `port`, or on a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Keep a mail."""
        if self.refusal is not None:
            return self.refusal
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        user = session.auth_data.decode() if isinstance(session.auth_data, bytes) else None
        is_encrypted = session.ssl is not None
        self.inbox.append(
            Received(envelope.mail_from, envelope.rcpt_tos, envelope.content, is_encrypted, user)
        )
        return "250 kept"

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.example.com",
            enable_SMTPUTF8=True,
            tls_context=self.tls,
            require_starttls=self.tls is not None,
            authenticator=_authenticate,
        )


def _authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, login: Any) -> AuthResult:  # noqa: ANN401  one type for each mechanism
    assert isinstance(login, LoginPassword)
    known = login.login == USER.encode() and login.password == PASSWORD.encode()
    return AuthResult(success=known, handled=False, auth_data=login.login)
