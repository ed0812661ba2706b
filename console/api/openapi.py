"""The description of `/api/v1` in OpenAPI 3.1, made from the same models that answer."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from console.api.errors import CODES, ErrorOut
from console.api.resources import RESOURCES, Resource

REF = "#/components/schemas/{model}"
Json = dict[str, Any]


def description(url: str) -> Json:
    """The whole document; `url` is where the API is served from."""
    models = [(model, "serialization") for model in {ErrorOut, *(one.answer for one in RESOURCES)}]
    _, schemas = models_json_schema(sorted(models, key=lambda pair: pair[0].__name__), ref_template=REF)  # type: ignore[arg-type] # its mode is a Literal
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "3624, les chiffres",
            "version": "1",
            "description": "Les appels comptés, par les définitions Samu-Urgences de France / SFMU. "
            "Lecture seule ; un jeton voit une association, ou tout (fédération).",
        },
        "servers": [{"url": url}],
        "security": [{"bearer": []}],
        "paths": {one.path: {"get": _operation(one)} for one in RESOURCES},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {
                code: {"description": told.said, "content": _content({"$ref": REF.format(model="ErrorOut")})}
                for code, told in CODES.items()
            },
        },
    }


def _operation(one: Resource) -> Json:
    answer: Json = {"$ref": REF.format(model=one.answer.__name__)}
    if one.many:
        answer = {"type": "array", "items": answer}
    by_status: dict[str, list[str]] = {}
    for code, told in CODES.items():
        by_status.setdefault(str(told.status), []).append(code)
    refused = {status: {"$ref": f"#/components/responses/{codes[0]}"} for status, codes in by_status.items()}
    return {
        "operationId": one.path.strip("/"),
        "summary": one.summary,
        "parameters": _parameters(one),
        "responses": {"200": {"description": one.summary, "content": _content(answer)}} | refused,
    }


def _parameters(one: Resource) -> list[Json]:
    schema = one.asked.model_json_schema()
    needed = schema.get("required", [])
    found = []
    for name, field in schema["properties"].items():
        # A parameter's schema stands alone: the one reference there is, an enumeration, is put in its place.
        if "$ref" in field:
            field = schema["$defs"][field["$ref"].rsplit("/", 1)[1]] | field
        told = {key: value for key, value in field.items() if key not in {"$ref", "description", "title"}}
        found.append(
            {
                "name": name,
                "in": "query",
                "required": name in needed,
                "description": field.get("description", ""),
                "schema": told,
            }
        )
    return found


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
