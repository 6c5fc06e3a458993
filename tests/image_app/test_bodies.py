"""Reading bodies: bounded, of the right media type, in the shape of their schema."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from safelight.image_app import bodies, errors
from safelight.image_app.errors import Kind, Problem
from safelight.image_app.schemas import Body
from tests.image_app.given import a_request, as_json

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Inner(Body):
    """A part of a body."""

    tags: list[Annotated[str, Field(max_length=3)]] = []


class Wanted(Body):
    """A body with a needed field, a defaulted one and one that has fields itself."""

    name: str
    count: int = 1
    inner: Inner = Inner()


async def read_json(body: bytes, headers: Mapping[str, str] = JSON) -> Wanted:
    return await bodies.read_json(a_request(body, headers), Wanted)


async def refusal_of(body: bytes, headers: Mapping[str, str] = JSON) -> Problem:
    read = bodies.read_form if headers is FORM else bodies.read_json
    with pytest.raises(Problem) as refusal:
        await read(a_request(body, headers), Wanted)
    return refusal.value


async def test_a_json_body_is_read_in_however_many_chunks_it_comes() -> None:
    body = as_json({"name": "é", "count": 3})
    request = a_request([body[i : i + 1] for i in range(len(body))], JSON)
    assert await bodies.read_json(request, Wanted) == Wanted(name="é", count=3)


async def test_a_media_type_may_have_parameters_and_capitals() -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await read_json(b'{"name": "a"}', headers)).name == "a"


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", '"iso-8859-1"', ""])
@pytest.mark.parametrize("headers", [JSON, FORM], ids=["JSON", "form"])
async def test_another_charset_is_refused(headers: Mapping[str, str], charset: str) -> None:
    given = {"content-type": f"{headers['content-type']}; charset={charset}"}
    read = bodies.read_form if headers is FORM else bodies.read_json
    with pytest.raises(Problem) as refusal:
        await read(a_request(b"{}", given), Wanted)
    assert refusal.value.kind is errors.UNSUPPORTED_MEDIA_TYPE
    assert refusal.value.detail == "Send the body in UTF-8."


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    def unread() -> Iterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    headers = {**JSON, "content-length": str(bodies.MAX_BYTES + 1)}
    with pytest.raises(Problem) as refusal:
        await bodies.read_json(a_request(unread(), headers), Wanted)
    assert refusal.value.kind is errors.BODY_TOO_LARGE


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/jsonx"])
async def test_another_media_type_is_refused_before_the_body_is_read(kind: str) -> None:
    refusal = await refusal_of(b"{", {"content-type": kind})
    assert refusal.kind is errors.UNSUPPORTED_MEDIA_TYPE
    assert "application/json" in refusal.detail


@pytest.mark.parametrize("headers", [JSON, FORM], ids=["JSON", "form"])
async def test_a_body_that_is_encoded_is_refused(headers: Mapping[str, str]) -> None:
    read = bodies.read_form if headers is FORM else bodies.read_json
    body = b"name=a" if headers is FORM else b'{"name": "a"}'
    with pytest.raises(Problem) as refusal:
        await read(a_request(body, {**headers, "content-encoding": "gzip"}), Wanted)
    assert refusal.value.kind is errors.UNSUPPORTED_MEDIA_TYPE
    assert refusal.value.detail == "Send the body without a content encoding."


async def test_a_patch_may_come_under_either_of_its_media_types() -> None:
    for kind in bodies.JSON_OR_PATCH:
        request = a_request(b'{"name": "a"}', {"content-type": kind})
        assert (await bodies.read_json(request, Wanted, bodies.JSON_OR_PATCH)).name == "a"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'name': 'a'}", b"\xff\xfe", b'{"name": "\\ud800"}', b"[" * 60_000],
)
async def test_what_is_no_json_is_malformed(body: bytes) -> None:
    assert (await refusal_of(body)).kind is errors.MALFORMED_JSON


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "name", "is missing"),
        ({"name": 1}, "name", "Input should be a valid string"),
        ({"name": "a", "count": "1"}, "count", "Input should be a valid integer"),
        ({"name": "a", "owner_id": "x"}, "owner_id", "is not known here"),
        ({"name": "a", "inner": {"tags": ["a", "long"]}}, "inner.tags.1", "at most 3 characters"),
        ([], "body", ""),
    ],
)
async def test_what_is_wrong_is_named_with_its_path(body: object, field: str, message: str) -> None:
    refusal = await refusal_of(as_json(body))
    assert refusal.kind is errors.VALIDATION_FAILED
    assert [error.field for error in refusal.errors] == [field]
    assert message in refusal.errors[0].message


async def test_every_mistake_is_named_at_once() -> None:
    refusal = await refusal_of(as_json({"count": "1", "more": 1}))
    assert {error.field for error in refusal.errors} == {"name", "count", "more"}


async def test_a_body_is_read_no_further_than_its_bound() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b" " * 1024

    with pytest.raises(Problem) as refusal:
        await bodies.read_json(a_request(endless(), JSON), Wanted)
    assert refusal.value.kind is errors.BODY_TOO_LARGE
    assert taken == bodies.MAX_BYTES // 1024 + 1


async def test_a_form_is_read_with_its_quoting_undone() -> None:
    request = a_request(urlencode({"name": "a b&=é"}).encode(), FORM)
    assert await bodies.read_form(request, Wanted) == Wanted(name="a b&=é")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"name=%ff", errors.MALFORMED_BODY),
        (b"\xff", errors.MALFORMED_BODY),
        (b"&".join(b"a%d=1" % i for i in range(50)), errors.MALFORMED_BODY),
        (b"name=a&more=1", errors.VALIDATION_FAILED),
        (b"", errors.VALIDATION_FAILED),
        (b"name=" + b"a" * bodies.MAX_BYTES, errors.BODY_TOO_LARGE),
    ],
    ids=["bad quoting", "no UTF-8", "too many fields", "unknown", "missing", "too large"],
)
async def test_a_form_that_is_wrong_is_refused(body: bytes, kind: Kind) -> None:
    assert (await refusal_of(body, FORM)).kind is kind


async def test_a_field_that_is_given_twice_is_named() -> None:
    refusal = await refusal_of(b"name=a&count=1&name=b", FORM)
    assert [(e.field, e.message) for e in refusal.errors] == [("name", "is given more than once")]


@given(st.binary(max_size=200))
async def test_no_bytes_raise_anything_but_a_problem(body: bytes) -> None:
    for read, headers in ((bodies.read_json, JSON), (bodies.read_form, FORM)):
        with suppress(Problem):
            await read(a_request(body, headers), Wanted)
