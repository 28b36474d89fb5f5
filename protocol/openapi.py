"""OpenAPI 3.1 from the same routes and models that serve the requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from protocol.problems import MEDIA_TYPE, Kind

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "detail_ja", "facts"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "detail_ja": {"type": "string"},
        "facts": {"type": "object"},
    },
}


@dataclass(frozen=True)
class Operation:
    """One method of one path: what it takes, what it gives (None: status 204, or a `file`), and how it says no.

    `file` is the media type of an answer that is a file, of which a range can be asked for.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    answer: type[BaseModel] | None
    request: type[BaseModel] | None = None
    status: int = 200
    problems: tuple[Kind, ...] = ()
    query: tuple[tuple[str, Literal["string", "integer"]], ...] = ()
    bearer: bool = field(default=False, kw_only=True)
    file: str | None = field(default=None, kw_only=True)


def describe(title: str, version: str, operations: Sequence[Operation]) -> dict[str, object]:
    """Return the OpenAPI 3.1 document of `operations`."""
    models = {model for each in operations for model in (each.request, each.answer) if model}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schema = models_json_schema(
        [(model, "validation") for model in ordered], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, object]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {**schema.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(each: Operation) -> dict[str, object]:
    answers: dict[str, object] = {str(each.status): {"description": each.summary}}
    if each.answer:
        answers[str(each.status)] = _content(each.summary, "application/json", each.answer.__name__)
    if each.file:
        for status, summary in (("200", each.summary), ("206", "The range that was asked for.")):
            answers[status] = {"description": summary, "content": {each.file: {}}}
    for kind in each.problems:
        answers[str(kind.status)] = _content(_codes(each, kind.status), MEDIA_TYPE, "Problem")
    described: dict[str, object] = {
        "summary": each.summary,
        "parameters": _parameters(each),
        "responses": answers,
    }
    if each.request:
        described["requestBody"] = {"required": True} | _content(
            "", "application/json", each.request.__name__
        )
    if each.bearer:
        described["security"] = [{"bearer": []}]
    return described


def _codes(each: Operation, status: int) -> str:
    return ", ".join(sorted(kind.code for kind in each.problems if kind.status == status))


def _content(description: str, media_type: str, model: str) -> dict[str, object]:
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _parameters(each: Operation) -> list[dict[str, object]]:
    names = [part[1:-1] for part in each.path.split("/") if part.startswith("{")]
    in_path: list[dict[str, object]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    in_query: list[dict[str, object]] = [
        {"name": name, "in": "query", "schema": {"type": kind}} for name, kind in each.query
    ]
    return in_path + in_query
