"""What sending refuses."""

from mestore.kernel.errors import NotFound, Unavailable


class MailNotFound(NotFound):
    """There is no such mail."""

    en = "There is no such mail."
    es = "No existe ese correo."


class MailNotTaken(Unavailable):
    """The mail server is away, or did not take the mail; a retry may work."""

    en = "The mail server did not take the mail: {reason}"
    es = "El servidor de correo no recibió el mensaje: {reason}"
