"""What verification and recovery refuse."""

from mestore.kernel.errors import Conflict, Refusal, TooMany


class CodeSentRecently(TooMany):
    """A code was sent less than a minute ago."""

    en = "A code was just sent. Ask for another one in {retry_after} seconds."
    es = "Acabamos de enviarte un código. Pide otro en {retry_after} segundos."


class TooManySms(TooMany):
    """This number got as many SMS within the hour as one number may."""

    en = "This number got too many messages. Ask for another one in {retry_after} seconds."
    es = "Este número recibió demasiados mensajes. Pide otro en {retry_after} segundos."


class EmailAlreadyVerified(Conflict):
    """The e-mail address of the account is verified."""

    en = "Your e-mail address is verified already. There is nothing to do."
    es = "Tu correo ya está verificado. No tienes que hacer nada."


class PhoneAlreadyVerified(Conflict):
    """The phone number of the account is verified."""

    en = "Your phone number is verified already. There is nothing to do."
    es = "Tu teléfono ya está verificado. No tienes que hacer nada."


class PhoneMissing(Conflict):
    """The account has no phone number."""

    en = "Your account has no phone number. Add one with PUT /auth/me, then ask again."
    es = "Tu cuenta no tiene teléfono. Agrega uno con PUT /auth/me y vuelve a intentarlo."


class WrongCode(Refusal):
    """The code is not the one that was sent."""

    en = "This code is wrong. You have {attempts_left} attempts left."
    es = "El código no es correcto. Te quedan {attempts_left} intentos."


class CodeSpent(Refusal):
    """No code is waiting: it was used up, is too old, or went to another address."""

    en = "This code no longer works. Ask for a new one."
    es = "Este código ya no sirve. Pide uno nuevo."


class InvalidLinkToken(Refusal):
    """The token of a mailed link is unknown, used or too old, or the address has changed."""

    en = "This link no longer works. Ask for a new one."
    es = "Este enlace ya no sirve. Pide uno nuevo."


class WrongPassword(Refusal):
    """The current password is wrong."""

    en = "Your current password is wrong. Check it and try again."
    es = "Tu contraseña actual no es correcta. Revísala e intenta de nuevo."
