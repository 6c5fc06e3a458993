"""The finished description of the API: what each route says of itself, put in order."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from safelight.image_app import openapi_links
from safelight.image_app.schemas import PLAIN_NAME

Node = dict[str, Any]

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
COMPONENTS = "#/components/schemas/"
TAGS = {
    "accounts": "Who somebody is, and how that is proven.",
    "images": "Pictures, what is said of them, and what is made of them.",
    "presets": "Named transformations, made of every upload.",
    "delivered bytes": "Pictures for those who look at them.",
    "health": "How the product is.",
}
SHAPES: dict[str, Node] = {
    "image_id": {"format": "uuid"},
    "key_id": {"format": "uuid"},
    "name": PLAIN_NAME,
    "q": {"pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"},
}
"""What parameters look like, where no route tells: in a path, whatever looks otherwise names
nothing.
"""
EVERYWHERE: dict[str, Node] = {
    "X-Request-ID": {
        "description": "Names this request in the log; the client's own, if it sent a sane one",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    }
}


def operation_id(route: APIRoute) -> str:
    """What the methods of generated clients are called: as our functions are."""
    return route.name


def finish(app: FastAPI) -> None:
    """Have the app describe itself in its finished form, made once."""
    describe = app.openapi
    app.openapi = lambda: app.openapi_schema or _finished(describe())  # type: ignore[method-assign]


def _finished(document: Node) -> Node:
    """The document itself, changed in place."""
    schemas: Node = document.setdefault("components", {}).setdefault("schemas", {})
    used = {tag for _, operation in operations(document) for tag in operation.get("tags", ())}
    document["tags"] = [
        {"name": name, "description": TAGS[name]} if name in TAGS else {"name": name}
        for name in sorted(used, key=lambda name: (name not in TAGS, name))
    ]
    for _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            _without_title(parameter["schema"])
            _tell_absent_from_null(parameter["schema"])
            parameter["schema"] |= SHAPES.get(parameter["name"], {})
        for body in _bodies(operation):
            for kind, media in body.get("content", {}).items():
                if kind in FORMS:
                    _tell_absent_from_null(*media["schema"]["properties"].values())
                if "schema" in media:
                    media["schema"] = _lifted(media["schema"], schemas)
    for schema in schemas.values():
        _walk(schema, _without_title, top=True)
    openapi_links.add(document)
    document["components"]["headers"] = EVERYWHERE
    for _, operation in operations(document):
        for answer in operation["responses"].values():
            answer["headers"] = answer.get("headers", {}) | {
                name: {"$ref": f"#/components/headers/{name}"} for name in EVERYWHERE
            }
    return document


def operations(document: Node) -> Iterator[tuple[str, Node]]:
    """Every path with each of its operations."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _bodies(operation: Node) -> list[Node]:
    asked = [operation["requestBody"]] if "requestBody" in operation else []
    return [*asked, *operation["responses"].values()]


def _tell_absent_from_null(*schemas: Node) -> None:
    """Parameters and fields of forms may be left out; nobody can send null in one."""
    for schema in schemas:
        kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) == 1:
            del schema["anyOf"]
            schema |= kinds[0]


def _lifted(schema: Node, schemas: Node) -> Node:
    """A reference to the schema, which goes to the components with all that it defines."""
    schemas |= schema.pop("$defs", {})
    if "title" not in schema or "$ref" in schema:
        return schema
    name = schema["title"]
    schemas.setdefault(name, schema)
    return {"$ref": f"{COMPONENTS}{name}"}


def _without_title(schema: Node) -> None:
    schema.pop("title", None)


def _walk(schema: Any, change: Callable[[Node], None], top: bool = False) -> None:
    """Change every schema within this one, and itself unless it is at the top."""
    if not isinstance(schema, dict):
        return
    if not top:
        change(schema)
    for keyword in ("properties", "$defs"):
        for inner in schema.get(keyword, {}).values():
            _walk(inner, change)
    for keyword in ("anyOf", "allOf", "oneOf", "prefixItems"):
        for inner in schema.get(keyword, ()):
            _walk(inner, change)
    for keyword in ("items", "additionalProperties"):
        _walk(schema.get(keyword), change)
