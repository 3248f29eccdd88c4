"""What sending refuses."""

from mestore.kernel.errors import NotFound, Refusal, Unavailable


class MailNotFound(NotFound):
    """There is no such mail."""

    en = "There is no such mail."
    es = "No existe ese correo."


class MailNotTaken(Unavailable):
    """The mail server is away, or did not take the mail; a retry may work."""

    en = "The mail server did not take the mail: {reason}"
    es = "El servidor de correo no recibió el mensaje: {reason}"


class SmsNotTaken(Unavailable):
    """The SMS provider is away, or did not take the message; a retry may work."""

    en = "The SMS provider did not take the message: {reason}"
    es = "El proveedor de SMS no recibió el mensaje: {reason}"


class SmsRefused(Refusal):
    """The SMS provider will never deliver this message to this number."""

    en = "The SMS provider refused the message: {reason}"
    es = "El proveedor de SMS rechazó el mensaje: {reason}"
