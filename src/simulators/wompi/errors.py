"""Refusals in the three shapes Wompi documents: 401, 404 and 422."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

MISSING = "No está presente"
METHOD_TAGS = frozenset({"CARD", "NEQUI", "PSE"})
TAG_ERRORS = {"union_tag_not_found": MISSING, "union_tag_invalid": "No es un método disponible"}
TEXTS = {
    "missing": MISSING,
    "string_too_short": "Debe ser completado",
    "string_too_long": "Es demasiado largo",
    "string_type": "Debe ser un texto",
    "int_type": "Debe ser un número entero",
    "greater_than_equal": "Es menor que el mínimo permitido",
    "less_than_equal": "Es mayor que el máximo permitido",
    "json_invalid": "No es un JSON válido",
}


class WompiError(Exception):
    """A refusal with the status and the body Wompi would answer."""

    def __init__(self, status: int, kind: str, **detail: object) -> None:
        super().__init__(kind)
        self.status = status
        self.body = {"error": {"type": kind, **detail}}


class Problems:
    """Collects what is wrong with the input, field by field."""

    def __init__(self) -> None:
        self.messages: dict[str, Any] = {}

    def add(self, path: Iterable[str], text: str) -> None:
        """File one text under its field; a nested field sits under `messages` of its parent."""
        *parents, field = path
        level = self.messages
        for parent in parents:
            level = level.setdefault(parent, {}).setdefault("messages", {})
        level.setdefault(field, []).append(text)

    def add_all(self, errors: Iterable[ErrorDetails | dict[str, Any]]) -> None:
        """File what Pydantic found, in Wompi's words."""
        for error in errors:
            path = [str(part) for part in error["loc"] if part not in METHOD_TAGS]
            tag_text = TAG_ERRORS.get(error["type"])
            if tag_text is None:
                self.add(path or ["body"], TEXTS.get(error["type"], "No es válido"))
            else:
                self.add([*path, "type"], tag_text)

    def refuse(self) -> None:
        """Raise the 422 when something was filed."""
        if self.messages:
            raise WompiError(422, "INPUT_VALIDATION_ERROR", messages=self.messages)


def not_found() -> WompiError:
    """Tell that the entity does not exist."""
    return WompiError(404, "NOT_FOUND_ERROR", reason="La entidad solicitada no existe")


def bad_key(reason: str) -> WompiError:
    """Tell why the key does not open this endpoint."""
    return WompiError(401, "INVALID_ACCESS_TOKEN", reason=reason)


def invalid(*path: str, text: str) -> WompiError:
    """Tell what is wrong with a single field."""
    problems = Problems()
    problems.add(path, text)
    return WompiError(422, "INPUT_VALIDATION_ERROR", messages=problems.messages)


def install(app: FastAPI) -> None:
    """Make every refusal of the app speak Wompi."""

    @app.exception_handler(WompiError)
    async def refused(_: Request, error: WompiError) -> JSONResponse:
        return JSONResponse(error.body, error.status)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = Problems()
        problems.add_all(dict(one, loc=one["loc"][1:]) for one in error.errors())
        kind = "INPUT_VALIDATION_ERROR"
        return await refused(request, WompiError(422, kind, messages=problems.messages))

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 404:
            return await refused(request, not_found())
        refusal = WompiError(error.status_code, "REQUEST_ERROR", reason=error.detail)
        return await refused(request, refusal)
