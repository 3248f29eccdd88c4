"""What the messages about an account say."""

import re
from datetime import UTC, datetime

from mestore.accounts.types.verification import CodePurpose, MadeCode, MadeLink
from mestore.notifications.account_wording import (
    code_mail,
    code_sms,
    password_changed,
    reset_mail,
)

LINK = "https://shop.example.com/verify-email?token=sample-token_1"
MADE = MadeCode(CodePurpose.EMAIL, "ana@example.com", "Ana <b>", 10, "024680", LINK)


def test_the_mail_with_a_code_says_it_with_its_link() -> None:
    mail = code_mail(MADE)
    assert (mail.recipient, mail.wording.subject) == ("ana@example.com", "Verifica tu correo")
    assert mail.wording.text == (
        "Hola, Ana <b>:\n"
        "\n"
        "Tu código para verificar tu correo en MeStore es:\n"
        "\n"
        "024680\n"
        "\n"
        "Vence en 10 minutos. También puedes abrir este enlace, que sirve una sola vez:\n"
        "\n"
        f"{LINK}\n"
        "\n"
        "¿No fuiste tú? Ignora este correo y no compartas el código con nadie.\n"
    )
    assert f'<a href="{LINK}">' in mail.wording.html
    assert "<strong>024680</strong>" in mail.wording.html
    assert "Ana &lt;b&gt;" in mail.wording.html


def test_two_mails_with_codes_are_two_messages() -> None:
    assert code_mail(MADE).id != code_mail(MADE).id


def test_an_sms_with_a_code_is_one_message_in_any_alphabet() -> None:
    sms = code_sms(MADE)
    assert sms.text == "MeStore: tu código es 024680. Vence en 10 minutos. No lo compartas."
    assert len(sms.text) <= 70


def test_the_mail_with_a_reset_link_says_it() -> None:
    link = "https://shop.example.com/reset-password?token=sample"
    mail = reset_mail(MadeLink("ana@example.com", "Ana", 60, link))
    assert mail.wording.subject == "Restablece tu contraseña"
    assert f"\n{link}\n" in mail.wording.text
    assert "Vence en 60 minutos y sirve una sola vez." in mail.wording.text
    assert f'<a href="{link}">' in mail.wording.html


def test_the_mail_about_a_new_password_says_when_in_bogota() -> None:
    said = password_changed("Ana", datetime(2026, 11, 20, 20, 45, tzinfo=UTC))
    assert said.subject == "Tu contraseña cambió"
    when = "Tu contraseña de MeStore cambió el 20 de noviembre de 2026, 3:45 p. m."
    assert when in said.text
    assert when in said.html


def test_secrets_are_not_printed() -> None:
    assert not re.search("024680|sample-token", repr(MADE))
