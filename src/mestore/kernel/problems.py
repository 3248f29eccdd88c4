"""Errors as clients see them: RFC 9457 problem documents, in English or Spanish."""

import re
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import (
    DatabaseUnavailable,
    Invalid,
    LostRace,
    NotFound,
    Refusal,
    Unavailable,
)

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
request_id: ContextVar[str] = ContextVar("request_id", default="-")
language: ContextVar[str] = ContextVar("language", default="en")


class ValidationFailed(Invalid):
    """The request does not have the shape that the API document gives it."""

    en = "The request does not fit its schema. See `errors`."
    es = "La solicitud no cumple su esquema. Mira `errors`."


class MethodNotAllowed(Refusal):
    """The address exists, with other methods."""

    status = 405
    en = "This address does not take that method."
    es = "Esta dirección no admite ese método."


class Busy(Unavailable):
    """Two requests collided in the database; nothing was changed."""

    en = "Two requests collided. Nothing was changed; try again in {retry_after} seconds."
    es = "Dos solicitudes chocaron. Nada cambió; intenta de nuevo en {retry_after} segundos."


class BodyCutOff(Refusal):
    """The connection broke off before the body was there; nobody reads this answer."""

    en = "The request ended before all of it was there. Send it again."
    es = "La solicitud se cortó antes de llegar completa. Envíala de nuevo."


class InternalError(Refusal):
    """A bug: logged with its request id."""

    status = 500
    en = "Something broke on our side. Nothing was half-done; quote the request_id to support."
    es = "Algo falló de nuestro lado. Nada quedó a medias; cita el request_id a soporte."


# The issues that people meet most, in Spanish; Pydantic has no translations of its own.
_SPANISH_ISSUES = {
    "missing": "Falta este campo.",
    "extra_forbidden": "Este campo no existe.",
    "string_type": "Debe ser texto.",
    "string_too_short": "Debe tener al menos {min_length} caracteres.",
    "string_too_long": "Debe tener como máximo {max_length} caracteres.",
    "string_pattern_mismatch": "No tiene el formato esperado.",
    "int_type": "Debe ser un número entero.",
    "int_parsing": "Debe ser un número entero.",
    "int_from_float": "Debe ser un número entero.",
    "decimal_type": "Debe ser un número.",
    "decimal_parsing": "Debe ser un número.",
    "decimal_max_digits": "Debe tener como máximo {max_digits} dígitos.",
    "decimal_whole_digits": "Debe tener como máximo {whole_digits} dígitos antes del punto.",
    "finite_number": "Debe ser un número finito.",
    "decimal_max_places": "Debe tener como máximo {decimal_places} decimales.",
    "bool_type": "Debe ser true o false.",
    "bool_parsing": "Debe ser true o false.",
    "list_type": "Debe ser una lista.",
    "dict_type": "Debe ser un objeto.",
    "model_attributes_type": "Debe ser un objeto.",
    "enum": "Debe ser uno de: {expected}.",
    "literal_error": "Debe ser uno de: {expected}.",
    "greater_than": "Debe ser mayor que {gt}.",
    "greater_than_equal": "Debe ser mayor o igual que {ge}.",
    "less_than": "Debe ser menor que {lt}.",
    "less_than_equal": "Debe ser menor o igual que {le}.",
    "uuid_parsing": "Debe ser un UUID.",
    "json_invalid": "El cuerpo no es JSON válido.",
    "too_long": "Tiene demasiados elementos: máximo {max_length}.",
    "too_short": "Tiene muy pocos elementos: mínimo {min_length}.",
}


# What Pydantic calls a member of an enum where only some of them may be sent.
_ENUM_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
_UNREADABLE = {"en": "The body cannot be read.", "es": "No se puede leer el cuerpo."}


def problem(refusal: Refusal) -> dict[str, Any]:
    """Return `refusal` as a problem document in the caller's language."""
    errors = refusal.details.get("errors")
    shown = {
        "type": f"urn:mestore:problem:{refusal.code.lower().replace('_', '-')}",
        "title": refusal.code.replace("_", " ").capitalize(),
        "status": refusal.status,
        "detail": refusal.text(language.get()),
        "code": refusal.code,
        "request_id": request_id.get(),
    }
    if errors is not None:
        shown["errors"] = errors
    rest = {name: value for name, value in refusal.details.items() if name != "errors"}
    if rest:
        shown["details"] = rest
    return shown


def render(refusal: Refusal) -> bytes:
    """Return the bytes of the problem document."""
    return msgspec.json.encode(problem(refusal), enc_hook=str)


def respond(refusal: Refusal) -> Response:
    """Return the HTTP answer of a refusal."""
    return Response(
        render(refusal),
        status_code=refusal.status,
        headers=refusal.headers(),
        media_type=PROBLEM_TYPE,
    )


def refusal_of(error: Exception) -> Refusal:
    """Return what an unexpected exception means to a caller; a bug is logged here, once."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ClientDisconnect):
        return BodyCutOff()
    match fault_of(error):
        case Fault.UNIQUE | Fault.FOREIGN_KEY as fault:
            # A foreign key fails where the thing named was deleted at the same moment.
            log.info("lost_race", fault=fault, error=type(error).__name__)
            return LostRace()
        case Fault.RETRY:
            log.warning("database_collision", error=type(error).__name__)
            return Busy(retry_after=1)
        case Fault.GONE:
            log.error("database_unavailable", error=type(error).__name__)
            return DatabaseUnavailable()
    log.error("unhandled_error", exc_info=error)
    return InternalError()


def install(app: FastAPI) -> None:
    """Make `app` answer every error as a problem document."""

    async def on_refusal(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error)
        # For whoever counts requests: a status alone does not say why.
        request.scope["refusal"] = refusal.code
        return respond(refusal)

    for kind in (Refusal, ClientDisconnect, DBAPIError, PoolTimeout):
        app.add_exception_handler(kind, on_refusal)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_validation_error(_: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    if any(issue["loc"][0] == "path" for issue in found):
        # An id that is no UUID or integer names nothing.
        return respond(NotFound())
    errors = [{"field": _field(issue), "issue": issue_words(issue)} for issue in found[:50]]
    return respond(ValidationFailed(errors=errors))


def _field(issue: dict[str, Any]) -> str:
    if issue["type"] == "json_invalid":
        # Its place is a position in the text.
        return "body"
    place = [str(part) for part in issue["loc"]]
    return ".".join(place[1:] if len(place) > 1 else place)


def issue_words(issue: dict[str, Any]) -> str:
    """Return what an error of Pydantic says, in the caller's language."""
    message = str(issue["msg"]).removeprefix("Value error, ")
    spanish = _SPANISH_ISSUES.get(issue["type"]) if language.get() == "es" else None
    words = message if spanish is None else spanish.format_map(issue.get("ctx", {}))
    return _ENUM_MEMBER.sub(r"\1", words)


async def _on_http_exception(_: Request, error: Exception) -> Response:
    if isinstance(error.__cause__, Refusal):
        # What stopped the reading of a body, which FastAPI calls a body that cannot be parsed.
        return respond(error.__cause__)
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return respond(NotFound())
    if status in {400, 422}:
        return respond(
            ValidationFailed(errors=[{"field": "body", "issue": _UNREADABLE[language.get()]}])
        )
    answer = respond(MethodNotAllowed()) if status == 405 else _respond_plainly(status)
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


def _respond_plainly(status: int) -> Response:
    """Return the answer of an error of the framework that is none of our refusals."""
    words = HTTPStatus(status).phrase
    shown = problem(Refusal()) | {
        "type": f"urn:mestore:problem:{words.lower().replace(' ', '-')}",
        "title": words.capitalize(),
        "status": status,
        "code": words.upper().replace(" ", "_"),
    }
    return Response(msgspec.json.encode(shown), status_code=status, media_type=PROBLEM_TYPE)
