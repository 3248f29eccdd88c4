"""Refusals: the errors that a caller is expected to meet. Everything else is a bug and a 500.

Refusal 400
├── Unauthorized 401   ├── Forbidden 403     ├── NotFound 404   ├── Conflict 409
├── Invalid 422        ├── TooMany 429       └── Unavailable 503
"""

import re
from typing import Any, ClassVar


class Refusal(Exception):
    """A rule said no. The class name is the public code; `details` are safe to show.

    `en` and `es` are the two texts a caller may read; `{name}` in them is filled from `details`.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "REFUSAL"
    en: ClassVar[str] = "The request was refused."
    es: ClassVar[str] = "La solicitud fue rechazada."

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()

    def __init__(self, **details: Any) -> None:  # noqa: ANN401  details are any JSON value
        self.details = details
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """Return what happened and what to do next, in `es` or else in English."""
        template = self.es if language == "es" else self.en
        return template.format_map(self.details)

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that belong to this refusal."""
        seconds = self.details.get("retry_after")
        return {} if seconds is None else {"Retry-After": str(seconds)}


class Unauthorized(Refusal):
    """Nobody is signed in, or the credentials are no good."""

    status = 401
    en = "Sign in first: send a valid access token as 'Authorization: Bearer <token>'."
    es = "Inicia sesión: envía un token de acceso válido como 'Authorization: Bearer <token>'."

    def headers(self) -> dict[str, str]:
        """Return the challenge that RFC 6750 asks for."""
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    status = 403
    en = "Your account may not do this."
    es = "Tu cuenta no puede hacer esto."


class NotFound(Refusal):
    """There is no such thing, or none that the caller may see."""

    status = 404
    en = "There is no such thing here, or it is not yours to see."
    es = "No existe, o no está a tu alcance."


class Conflict(Refusal):
    """The request is fine, but not in the state that things are in."""

    status = 409


class LostRace(Conflict):
    """Another request won: a unique key decided."""

    en = "Another request changed or created this at the same moment. Read it again, then retry."
    es = "Otra solicitud lo cambió o lo creó al mismo tiempo. Consúltalo de nuevo y reintenta."


class PreconditionFailed(Refusal):
    """The caller's copy is out of date."""

    status = 412
    en = "This has changed since you read it. Read it again and send its new ETag in If-Match."
    es = "Esto cambió desde que lo leíste. Consúltalo de nuevo y envía su nuevo ETag en If-Match."


class BodyTooLarge(Refusal):
    """The body is larger than this address takes."""

    status = 413
    en = "The body is larger than {limit_bytes} bytes. Send less."
    es = "El cuerpo supera {limit_bytes} bytes. Envía menos."


class Invalid(Refusal):
    """The request is well-formed JSON whose values cannot be accepted."""

    status = 422
    en = "The request has values that cannot be accepted."
    es = "La solicitud tiene valores que no se pueden aceptar."


class TooMany(Refusal):
    """Too many requests in too short a time."""

    status = 429
    en = "Too many requests. Try again in {retry_after} seconds."
    es = "Demasiadas solicitudes. Intenta de nuevo en {retry_after} segundos."


class Unavailable(Refusal):
    """Something outside does not answer; a retry may work."""

    status = 503
    en = "A service this needs does not answer. Nothing was changed; try again shortly."
    es = "Un servicio necesario no responde. Nada cambió; intenta de nuevo en un momento."

    def __init__(self, **details: Any) -> None:  # noqa: ANN401  details are any JSON value
        super().__init__(**{"retry_after": 2, **details})


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or has no connection to spare."""

    en = "The database does not answer. Nothing was changed; try again in {retry_after} seconds."
    es = "La base de datos no responde. Nada cambió; intenta de nuevo en {retry_after} segundos."
