import pytest

from mestore.notifications.adapters.mime import compose, sender_of
from tests.notifications.messages import bodies, mail, read

SENDER = sender_of("Tienda Ñandú <no-reply@example.com>")


def test_a_message_is_plain_text_with_html_beside_it() -> None:
    message = read(bytes(compose(mail(), SENDER)))

    assert message.get_content_type() == "multipart/alternative"
    assert bodies(message) == {"text/plain": "Hola, Ana\n", "text/html": "<p>Hola, Ana</p>\n"}


def test_headers_are_the_same_every_time() -> None:
    first, second = (compose(mail(), SENDER) for _ in range(2))

    assert first.items()[:-1] == second.items()[:-1]
    assert first["Message-ID"] == "<mail-12@example.com>"
    assert first["Date"] == "Fri, 20 Nov 2026 15:45:00 -0500"
    assert first["To"] == "ana@example.com"
    assert first["Auto-Submitted"] == "auto-generated"


def test_letters_outside_ascii_come_through() -> None:
    subject, text = (
        "Pedido de Íñigo: café año €",
        "¡Gracias! Tu envío llegó a Bogotá: 2 × $ 45.000\n",
    )
    content = bytes(compose(mail(subject=subject, text=text, html=text), SENDER))
    headers, _, _ = content.partition(b"\r\n\r\n")

    assert headers.isascii()
    message = read(content)
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == "Tienda Ñandú"
    assert bodies(message) == {"text/plain": text, "text/html": text}
    assert text.encode().strip() in content


def test_lines_too_long_for_smtp_are_folded() -> None:
    text = "á" * 2000 + "\n"
    content = bytes(compose(mail(text=text), SENDER))

    assert max(len(line) for line in content.splitlines()) <= 998
    assert bodies(read(content))["text/plain"] == text


@pytest.mark.parametrize(
    "evil",
    [
        "ana@example.com\nBcc: eva@example.com",
        "ana@example.com\r\nBcc: eva@example.com",
        "ana@example.com, eva@example.com",
        "Ana <ana@example.com>",
        "=?utf-8?q?x=0D=0ABcc=3A_eva?=@example.com",
        "../../etc/passwd",
        "ana",
        "",
    ],
)
def test_an_address_that_is_not_exactly_one_gets_no_message(evil: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  which check refuses it does not matter
        compose(mail(recipient=evil), SENDER)


@pytest.mark.parametrize(
    "evil",
    [
        "Hola\nBcc: eva@example.com",
        "Hola\r\nBcc: eva@example.com",
        "=?utf-8?q?Hola=0D=0ABcc:_eva@example.com?=",
        "=?utf-8?b?SG9sYQ0KQmNjOiBldmFAZXhhbXBsZS5jb20=?=",
    ],
)
def test_a_subject_makes_no_other_header(evil: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  which check refuses it does not matter
        compose(mail(subject=evil), SENDER)


def test_a_domain_outside_ascii_travels_in_ascii() -> None:
    message = compose(mail(recipient="ana@peñalosa.com.co"), SENDER)

    assert message["To"] == "ana@xn--pealosa-5za.com.co"
    assert b"To: ana@xn--pealosa-5za.com.co\r\n" in bytes(message)


def test_a_mailbox_outside_ascii_is_written_as_it_is() -> None:
    content = bytes(compose(mail(recipient="ñandú@example.com"), SENDER))

    assert "To: ñandú@example.com\r\n".encode() in content


@pytest.mark.parametrize(
    "text", ["", "MeStore", "a@example.com, b@example.com", "MeStore <no-reply>"]
)
def test_a_sender_without_one_address_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="must be one address"):
        sender_of(text)
