"""The OpenAPI document: what the framework makes of the routes, with failures as they are, problem documents."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.errors import MEDIA_TYPE
from service.shapes import ProblemDocument

SCHEMA = {"$ref": "#/components/schemas/ProblemDocument"}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once an app."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for operations in document["paths"].values():
            for operation in operations.values():
                _make_failures_problems(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _make_failures_problems(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if status.isdigit() and int(status) >= 400:
            response["content"] = {MEDIA_TYPE: {"schema": SCHEMA}}
