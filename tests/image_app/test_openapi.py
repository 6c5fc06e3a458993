"""What the API says of itself is well formed, whole, and what the contract promises."""

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.image_app.app import create_app
from safelight.image_app.passwords import Passwords
from safelight.image_app.resources import Rules
from tests.image_app.given import Pems, resources_over

Json = dict[str, Any]

ME = "/v1/auth/me"
IMAGE = "/v1/images/{}"
PROMISED: dict[tuple[str, str], set[int]] = {
    ("post", "/v1/auth/register"): {201, 400, 409, 415, 422, 429},
    ("post", "/v1/auth/token"): {200, 401, 422, 429},
    ("post", "/v1/auth/revoke"): {200},
    ("get", ME): {200, 401},
    ("delete", ME): {202, 401, 403},
    ("post", f"{ME}/password"): {204, 401, 403, 422},
    ("post", "/v1/auth/keys"): {201, 401, 422},
    ("get", "/v1/auth/keys"): {200, 401},
    ("delete", "/v1/auth/keys/{}"): {204, 401, 404},
    ("get", "/.well-known/jwks.json"): {200},
    ("post", "/v1/images"): {201, 401, 403, 409, 413, 415, 422, 503},
    ("get", "/v1/images"): {200, 304, 401, 422},
    ("get", IMAGE): {200, 304, 401, 404},
    ("patch", IMAGE): {200, 400, 401, 404, 412, 415, 422},
    ("delete", IMAGE): {204, 401, 404},
    ("post", f"{IMAGE}/variants"): {202, 401, 404, 409, 422},
    ("delete", f"{IMAGE}/variants/{{}}"): {204, 401, 404},
    ("post", f"{IMAGE}/reprocess"): {202, 401, 404},
    ("post", f"{IMAGE}/links"): {201, 401, 404, 422},
    ("get", f"{IMAGE}/events"): {200, 401, 404},
    ("get", "/i/{}/{}"): {200, 206, 304, 401, 403, 404, 416, 429},
    ("head", "/i/{}/{}"): {200, 304, 401, 403, 404, 429},
    ("get", "/v1/presets"): {200, 401},
    ("put", "/v1/presets/{}"): {200, 201, 401, 409, 422},
    ("delete", "/v1/presets/{}"): {204, 401, 404, 409},
    ("get", "/health/live"): {200},
    ("get", "/health/ready"): {200, 503},
}
"""The contract's tables: what each call may be answered with."""
NO_TOKEN = ("/v1/auth/register", "/v1/auth/token", "/v1/auth/revoke", "/.well-known", "/health")


@pytest.fixture(scope="module")
async def described(
    pems: Pems, passwords: Passwords, rules: Rules, tmp_path_factory: pytest.TempPathFactory
) -> Json:
    folder = tmp_path_factory.mktemp("described")
    database = Database(f"sqlite:///{folder / 'safelight.db'}")
    objects = Objects((folder / "objects").as_uri())
    async with resources_over(database, objects, pems, passwords, rules) as resources:
        described = create_app(resources, lambda _: nullcontext()).openapi()
    await database.close()
    return described


def operations(described: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def media(described: Json) -> Iterator[tuple[str, str, Json]]:
    """Everything that is sent either way: of which operation, as what, described how."""
    for _, _, operation in operations(described):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            for kind, told in body.get("content", {}).items():
                yield operation["operationId"], kind, told


def schemas(node: Any) -> Iterator[Json]:
    """Every schema of a component, at any depth."""
    if isinstance(node, dict):
        if {"type", "properties", "anyOf", "items"} & node.keys():
            yield node
        for value in node.values():
            yield from schemas(value)
    if isinstance(node, list):
        for value in node:
            yield from schemas(value)


def test_the_description_is_valid(described: Json) -> None:
    assert described["openapi"].startswith("3.1")
    validate(json.loads(json.dumps(described)))


def test_every_call_of_the_contract_documents_every_status_that_is_promised(
    described: Json,
) -> None:
    documented = {
        (method, re.sub(r"{[^}]*}", "{}", path)): {int(code) for code in operation["responses"]}
        for method, path, operation in operations(described)
    }
    missing = {
        call: lacks
        for call, codes in PROMISED.items()
        if (lacks := codes - documented.get(call, set()))
    }
    assert missing == {}


def test_every_operation_is_called_as_a_method_is(described: Json) -> None:
    for _, _, operation in operations(described):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
        assert len(operation["tags"]) == 1
    told = {tag["name"] for tag in described["tags"] if tag["description"]}
    assert told == {tag for _, _, operation in operations(described) for tag in operation["tags"]}


def test_every_call_for_an_account_names_what_it_needs(described: Json) -> None:
    for _, path, operation in operations(described):
        needs = operation.get("security", [])
        assert bool(needs) != path.startswith(NO_TOKEN), path
        assert ({} in needs) == path.startswith("/i/"), path


def test_everything_that_is_sent_as_json_has_a_name(described: Json) -> None:
    for operation, kind, told in media(described):
        if "json" in kind:
            assert re.search(r"/schemas/[A-Z][A-Za-z]+$", told["schema"]["$ref"]), operation


def test_failures_are_problem_documents_and_name_their_codes(described: Json) -> None:
    for _, path, operation in operations(described):
        for code, answer in operation["responses"].items():
            if code[0] in "45" and path != "/health/ready":
                problem = answer["content"]["application/problem+json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/Problem"}
                assert re.match(r"`[a-z-]+`", answer["description"])


@pytest.mark.parametrize(
    ("code", "header"),
    [("401", "WWW-Authenticate"), ("429", "Retry-After"), ("429", "RateLimit")],
)
def test_failures_tell_of_their_headers(described: Json, code: str, header: str) -> None:
    told = [
        answer["headers"]
        for _, _, operation in operations(described)
        if (answer := operation["responses"].get(code))
    ]
    assert told
    assert all(header in headers for headers in told)


@pytest.mark.parametrize(
    ("operation", "code", "headers"),
    [
        ("register", "201", {"Location"}),
        ("upload_image", "201", {"Location", "ETag"}),
        ("list_images", "200", {"ETag", "Link"}),
        ("get_image", "200", {"ETag"}),
        ("get_image", "304", {"ETag"}),
        ("change_image", "200", {"ETag"}),
    ],
)
def test_successes_tell_of_their_headers(
    described: Json, operation: str, code: str, headers: set[str]
) -> None:
    [found] = [o for _, _, o in operations(described) if o["operationId"] == operation]
    assert found["responses"][code]["headers"].keys() >= headers | {"X-Request-ID"}


def test_an_upload_leads_to_every_operation_on_its_picture(described: Json) -> None:
    named = {
        operation["operationId"]
        for _, path, operation in operations(described)
        if "{image_id}" in path
    }
    links = described["paths"]["/v1/images"]["post"]["responses"]["201"]["links"]
    assert links.keys() == named
    assert "next_page" in described["paths"]["/v1/images"]["get"]["responses"]["200"]["links"]


def test_bodies_take_nothing_unknown(described: Json) -> None:
    components = described["components"]["schemas"]
    asked = {
        told["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations(described)
        for told in operation.get("requestBody", {}).get("content", {}).values()
    }
    assert len(asked) >= 8
    for name in asked | {"Transformation", "Watermark"}:
        assert components[name]["additionalProperties"] is False, name


def test_every_example_is_valid(described: Json) -> None:
    seen = 0
    for schema in schemas(described["components"]["schemas"]):
        for example in schema.get("examples", ()):
            seen += 1
            whole = {**schema, "components": described["components"]}
            Draft202012Validator(whole, format_checker=FormatChecker()).validate(example)
    assert seen >= 6


def test_every_default_is_a_value_that_is_taken(described: Json) -> None:
    for schema in schemas(described["components"]["schemas"]):
        if "default" in schema:
            whole = {**schema, "components": described["components"]}
            Draft202012Validator(whole).validate(schema["default"])
