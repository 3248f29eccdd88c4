import asyncio
import shutil
import ssl
from pathlib import Path

import pytest

from mestore.kernel.db import Database, InsideTransaction
from mestore.notifications.adapters.smtp import SmtpMail
from mestore.notifications.errors import MailNotTaken
from tests.notifications.mail_server import PASSWORD, USER, MailServer
from tests.notifications.messages import bodies, mail

SENDER = "Tienda Ñandú <no-reply@example.com>"


def channel(
    port: int, *, user: str | None = None, password: str | None = None, starttls: bool = False
) -> SmtpMail:
    """Return a channel to a server on the loopback."""
    return SmtpMail(
        host="127.0.0.1", port=port, user=user, password=password, starttls=starttls, sender=SENDER
    )


@pytest.fixture
async def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's encryption, with a certificate that this process trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: it makes the certificate of this test")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    making = await asyncio.create_subprocess_exec(
        *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *(
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ),
        *("-keyout", str(key), "-out", str(certificate)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await making.wait() == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def test_a_mail_arrives_with_its_letters(mail_server: MailServer) -> None:
    text = "¡Gracias! Tu envío va a Bogotá.\n"

    await channel(mail_server.port).send(mail(subject="Envío: niño", text=text))

    (received,) = mail_server.inbox
    assert (received.sender, received.recipients) == ("no-reply@example.com", ["ana@example.com"])
    assert received.message["Subject"] == "Envío: niño"
    assert received.message["Message-ID"] == "<mail-12@example.com>"
    assert received.message["From"].addresses[0].display_name == "Tienda Ñandú"
    assert bodies(received.message)["text/plain"] == text


async def test_a_mailbox_outside_ascii_is_reached(mail_server: MailServer) -> None:
    await channel(mail_server.port).send(mail(recipient="ñandú@example.com"))

    assert [received.recipients for received in mail_server.inbox] == [["ñandú@example.com"]]


async def test_a_server_that_is_down_may_be_tried_again() -> None:
    async with MailServer() as server:
        port = server.port

    with pytest.raises(MailNotTaken):
        await channel(port).send(mail())


async def test_a_server_that_refuses_says_why(mail_server: MailServer) -> None:
    mail_server.refusal = "451 come back later"

    with pytest.raises(MailNotTaken, match="come back later"):
        await channel(mail_server.port).send(mail())


async def test_a_mail_is_never_sent_inside_a_transaction(
    database: Database, mail_server: MailServer
) -> None:
    with pytest.raises(InsideTransaction):
        async with database.transaction():
            await channel(mail_server.port).send(mail())

    assert mail_server.inbox == []


async def test_with_starttls_and_a_user_the_mail_goes_encrypted_and_signed_in(
    tls: ssl.SSLContext,
) -> None:
    async with MailServer(tls=tls) as server:
        sending = channel(server.port, user=USER, password=PASSWORD, starttls=True)
        await sending.send(mail())

    (received,) = server.inbox
    assert (received.is_encrypted, received.user) == (True, USER)


async def test_a_wrong_password_sends_nothing(tls: ssl.SSLContext) -> None:
    async with MailServer(tls=tls) as server:
        sending = channel(server.port, user=USER, password="wrong", starttls=True)
        with pytest.raises(MailNotTaken, match="SMTPAuthenticationError") as refusal:
            await sending.send(mail())

    assert "wrong" not in str(refusal.value)
    assert server.inbox == []


async def test_with_starttls_nothing_goes_to_a_server_that_does_not_encrypt(
    mail_server: MailServer,
) -> None:
    sending = channel(mail_server.port, user=USER, password=PASSWORD, starttls=True)

    with pytest.raises(MailNotTaken, match="STARTTLS"):
        await sending.send(mail())

    assert mail_server.inbox == []


async def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with MailServer(tls=tls) as server:
        with pytest.raises(MailNotTaken, match="CERTIFICATE_VERIFY_FAILED|certificate verify"):
            await channel(server.port, starttls=True).send(mail())

    assert server.inbox == []


def test_port_465_is_encrypted_from_the_first_byte() -> None:
    sending = channel(465, starttls=True)

    assert (sending.is_encrypted_at_once, sending.starttls) == (True, False)
