"""Query strings of hot lists, read in one step.

FastAPI looks at every field of a query model one by one, which measured costs as much as the rest
of a list's Python. Here Pydantic alone reads the whole string, and the same model documents it.
"""

from typing import Any, TypeVar, get_origin

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Query = TypeVar("Query", bound=BaseModel)


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra=` that tells of the query parameters of `model`."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": _resolved(shown, definitions),
                **({"description": shown["description"]} if "description" in shown else {}),
            }
            for name, shown in schema["properties"].items()
        ]
    }


def read(model: type[Query], request: Request) -> Query:
    """Return what the query string says; raises what FastAPI raises for a bad one."""
    given: dict[str, Any] = {}
    if request.scope["query_string"]:
        for name, value in request.query_params.multi_items():
            field = model.model_fields.get(name)
            if field is not None and get_origin(field.annotation) is list:
                given.setdefault(name, []).append(value)
            else:
                given[name] = value
    try:
        return model.model_validate(given)
    except ValidationError as error:
        issues = [{**issue, "loc": ("query", *issue["loc"])} for issue in error.errors()]
        raise RequestValidationError(issues) from error


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401  any JSON
    """Return a schema with its references written out: a parameter has no place for them."""
    if isinstance(schema, list):
        return [_resolved(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _resolved(part, definitions) for name, part in schema.items()}
