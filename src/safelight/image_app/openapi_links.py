"""What an answer carries beside its body, and what it gives to the next request."""

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

IMAGE, IMAGES = "#/components/schemas/Image", "#/components/schemas/ImageList"
BODY = "$response.body#"
FIRST = f"{BODY}/items/0"

GIVES = {
    "upload_image": ("image_id", BODY),
    "list_images": ("image_id", FIRST),
    "make_key": ("key_id", BODY),
}
"""Operations whose answer has an id at this place, and the parameter of others that takes it."""
BESIDE: dict[str, dict[str, str]] = {
    "delete_variant": {"name": "{place}/variants/0/name"},
    "deliver": {"what": "original"},
    "describe_delivered": {"what": "original"},
}
"""What else such an operation is asked with."""

LOCATION: Node = {
    "Location": {
        "description": "The address of what was made",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    }
}
NEXT: Node = {
    "Link": {"description": "The next page, `rel=next`, if any", "schema": {"type": "string"}}
}
HEADERS: dict[str, Node] = {
    "upload_image": LOCATION,
    "register": LOCATION,
    "list_images": NEXT,
}
ETAG: Node = {
    "ETag": {"description": "Names what was sent", "required": True, "schema": {"type": "string"}}
}


def add(document: Node) -> None:
    """Write headers and links into the operations that are there."""
    routes = list(_routes(document))
    for _, operation in routes:
        name = operation["operationId"]
        for answer in _successes(operation):
            answer["headers"] = answer.get("headers", {}) | _headers(name, answer)
            links = dict(_links(name, routes))
            if links:
                answer["links"] = links
        if "if-none-match" in {p["name"] for p in operation.get("parameters", ())}:
            _tell_unchanged(operation)


def _routes(document: Node) -> Iterator[tuple[str, Node]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _successes(operation: Node) -> list[Node]:
    return [answer for code, answer in operation["responses"].items() if code.startswith("2")]


def _headers(name: str, answer: Node) -> Node:
    schemas = {media.get("schema", {}).get("$ref") for media in answer.get("content", {}).values()}
    return HEADERS.get(name, {}) | (ETAG if schemas & {IMAGE, IMAGES} else {})


def _links(name: str, routes: list[tuple[str, Node]]) -> Iterator[tuple[str, Node]]:
    """By the name of the operation that they lead to."""
    if name == "list_images":
        asked = {"cursor": f"{BODY}/next_cursor"}
        yield "next_page", {"operationId": name, "parameters": asked}
    parameter, place = GIVES.get(name, ("", ""))
    for path, operation in routes:
        target = operation["operationId"]
        if parameter and f"{{{parameter}}}" in path:
            asked = {parameter: f"{place}/id"}
            asked |= {k: v.format(place=place) for k, v in BESIDE.get(target, {}).items()}
            yield target, {"operationId": target, "parameters": asked}


def _tell_unchanged(operation: Node) -> None:
    """`304` wherever somebody may ask for what has changed alone."""
    told = {"description": "The client has just this", "headers": ETAG}
    operation["responses"].setdefault("304", told)
