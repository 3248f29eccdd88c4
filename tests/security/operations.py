"""Every operation of the app's own OpenAPI document, and a minimal valid body for each."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI

from tests.build import PASSWORD
from tests.security.asking import PREFIX

METHODS = ("get", "post", "put", "patch", "delete")

# What strings of these names look like; other strings are words.
TEXTS = {
    "email": "somebody-new@example.com",
    "customer_email": "somebody@example.com",
    "password": PASSWORD,
    "current_password": PASSWORD,
    "new_password": "Sample-pass-2",
    "phone": "+573001234567",
    "shipping_phone": "+573001234567",
    "phone_number": "3991111111",
    "code": "000000",
    "price": "45000",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    schema: dict[str, Any] | None

    @property
    def name(self) -> str:
        """How the table calls it: the method, and the path under /api/v1."""
        return f"{self.method} {self.path.removeprefix(PREFIX)}"

    def target(self, ids: dict[str, Any], **others: str) -> str:
        """Return the path with these ids in it."""
        return self.path.format(**{**ids, **others})

    def named(self, place: str) -> list[str]:
        """Return the names of the parameters in `path`, `query` or `header`."""
        return [shown["name"] for shown in self.parameters if shown["in"] == place]


def operations(app: FastAPI) -> list[Operation]:
    """Return all operations, in the order in which a caller may do them without undoing others.

    Reads come first; what ends sessions or deletes people comes last.
    """
    document = app.openapi()
    found = [
        Operation(
            method.upper(),
            path,
            tuple(shown.get("parameters", ())),
            _body_of(shown, document),
        )
        for path, methods in document["paths"].items()
        for method, shown in methods.items()
        if method in METHODS
    ]
    return sorted(found, key=_order)


_LAST = (
    "POST /auth/logout",
    "PUT /auth/change-password",
    "POST /auth/change-password",
    "POST /auth/sessions/revoke-all",
    "POST /users/{user_id}/suspend",
    "POST /users/{user_id}/activate",
    "DELETE /users/{user_id}",
)


def _order(operation: Operation) -> tuple[int, int, int, str]:
    late = _LAST.index(operation.name) + 1 if operation.name in _LAST else 0
    method = ("GET", "PUT", "PATCH", "POST", "DELETE").index(operation.method)
    # One line of a cart before all of it.
    return late, method, -len(operation.path), operation.path


def _body_of(shown: dict[str, Any], document: dict[str, Any]) -> dict[str, Any] | None:
    content = shown.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else _resolved(content["schema"], document, 0)


def _resolved(schema: Any, document: dict[str, Any], depth: int) -> Any:  # noqa: ANN401  any JSON
    if isinstance(schema, list):
        return [_resolved(part, document, depth) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        if depth > 12:
            return {}
        name = schema["$ref"].rpartition("/")[2]
        return _resolved(document["components"]["schemas"][name], document, depth + 1)
    return {name: _resolved(part, document, depth) for name, part in schema.items()}


def sample(schema: dict[str, Any], ids: dict[str, Any], name: str = "") -> Any:  # noqa: ANN401  any JSON
    """Return a small valid value: required fields only, our ids where a name asks for one."""
    if name in ids:
        return ids[name]
    fixed = [schema["const"]] if "const" in schema else schema.get("enum")
    if fixed:
        return fixed[0]
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if choice.get("type") != "null":
            return sample(choice, ids, name)
    return _typed(schema, ids, name)


def _typed(schema: dict[str, Any], ids: dict[str, Any], name: str) -> Any:  # noqa: ANN401  any JSON
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            return {each: sample(schema["properties"][each], ids, each) for each in wanted}
        case "array":
            return [sample(schema["items"], ids, name)] if schema.get("minItems") else []
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
    return _text(schema, name)


def _text(schema: dict[str, Any], name: str) -> str:
    if name in TEXTS:
        return TEXTS[name]
    return "Sample word".ljust(min(schema.get("minLength", 0), 40), "x")


@cache
def credential() -> dict[str, Any]:
    """Return what looks like a passkey's answer and is none."""
    data = "eyJ0eXBlIjoid2ViYXV0aG4ifQ"
    response = {
        "clientDataJSON": data,
        "attestationObject": "o2NmbXRkbm9uZQ",
        "authenticatorData": "AAAA",
        "signature": "AAAA",
    }
    return {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
