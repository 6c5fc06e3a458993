"""Taking a file in: counted, hashed and recognised on its way to the object store."""

from collections.abc import Collection, Iterator
from hashlib import sha256

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from safelight.backends.objects import Objects
from safelight.contract.presets import BUILT_IN
from safelight.image_app import errors
from safelight.image_app.errors import Kind, Problem
from safelight.image_app.images import intake
from safelight.image_app.images.intake import Received, name_of
from safelight.image_app.resources import Rules
from tests.image_app.given import FORM_HEADERS, a_form, a_request, all_keys

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def a_png(width: int, height: int) -> bytes:
    """No more of a PNG than its header."""
    sides = width.to_bytes(4) + height.to_bytes(4)
    return PNG + sides + b"\x08\x02\0\0\0" + bytes(600)


async def presets() -> Collection[str]:
    """Those that there are."""
    return BUILT_IN


async def refusal_of(objects: Objects, rules: Rules, request: Request) -> Problem:
    """Why the file is refused, after a look that nothing is left of it."""
    with pytest.raises(Problem) as refusal:
        await intake.receive(request, objects, "originals/a/b", rules, presets)
    assert await all_keys(objects) == set()
    return refusal.value


@pytest.mark.parametrize("size", [1, 700, 65536])
async def test_a_file_is_stored_as_it_came_with_what_is_known_of_it(
    objects: Objects, rules: Rules, photograph: bytes, size: int
) -> None:
    body = a_form(photograph, "a/Harbour.JPG", tags=["Sea", "sea"], visibility="public")
    if size == 1:
        body = a_form(photograph[:3000], "a/Harbour.JPG", tags=["Sea", "sea"], visibility="public")
    stored = photograph[:3000] if size == 1 else photograph
    chunks = [body[i : i + size] for i in range(0, len(body), size)]
    request = a_request(chunks, FORM_HEADERS)
    received = await intake.receive(request, objects, "originals/a/b", rules, presets)
    assert b"".join([c async for c in await objects.read("originals/a/b")]) == stored
    assert received == Received(
        name="Harbour.JPG",
        fields=received.fields,
        size=len(stored),
        sha256=sha256(stored).hexdigest(),
        digest=received.digest,
        content_type="image/jpeg",
        sides=(640, 427),
    )
    assert received.fields.tags == ["Sea"]
    assert received.fields.visibility == "public"


async def test_fields_may_stand_behind_the_file(
    objects: Objects, rules: Rules, photograph: bytes
) -> None:
    behind = a_form(None, name=" Evening ")
    before = a_form(photograph)
    body = before[: before.rindex(b"--a-boundary--")] + behind
    received = await intake.receive(a_request(body, FORM_HEADERS), objects, "a/b/c", rules, presets)
    assert received.name == "Evening"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", errors.EMPTY_FILE),
        (b"<svg/>", errors.UNSUPPORTED_IMAGE),
        (b"<svg/>" + bytes(100_000), errors.UNSUPPORTED_IMAGE),
        (a_png(16385, 1), errors.IMAGE_TOO_LARGE),
        (a_png(10_000, 5_001), errors.IMAGE_TOO_LARGE),
        (a_png(0, 100), errors.CORRUPT_IMAGE),
    ],
)
async def test_a_file_that_is_refused_leaves_nothing(
    objects: Objects, rules: Rules, content: bytes, kind: Kind
) -> None:
    request = a_request(a_form(content), FORM_HEADERS)
    assert (await refusal_of(objects, rules, request)).kind is kind


async def test_a_picture_of_exactly_the_largest_size_is_taken(
    objects: Objects, rules: Rules
) -> None:
    request = a_request(a_form(a_png(10_000, 5_000)), FORM_HEADERS)
    received = await intake.receive(request, objects, "a/b/c", rules, presets)
    assert received.sides == (10_000, 5_000)


async def test_a_file_is_read_no_further_than_it_may_be_large(
    objects: Objects, rules: Rules, photograph: bytes
) -> None:
    taken = 0
    head = a_form(photograph).partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + photograph

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield head
        while True:
            taken += 1 << 16
            yield bytes(1 << 16)

    request = a_request(endless(), FORM_HEADERS)
    assert (await refusal_of(objects, rules, request)).kind is errors.FILE_TOO_LARGE
    assert taken <= rules.file_bytes


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "x" * 256}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": ["a", "b"]}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"description": "\0"}, "description"),
        ({"tags": ["ok", ""]}, "tags.1"),
        ({"tags": ["x" * 65]}, "tags.0"),
        ({"tags": [str(i) for i in range(51)]}, "tags"),
        ({"visibility": "secret"}, "visibility"),
        ({"status": "ready"}, "status"),
        ({"owner_id": "x"}, "owner_id"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_bad_field_is_named_and_leaves_nothing(
    objects: Objects,
    rules: Rules,
    photograph: bytes,
    fields: dict[str, str | list[str]],
    field: str,
) -> None:
    request = a_request(a_form(photograph, **fields), FORM_HEADERS)
    refusal = await refusal_of(objects, rules, request)
    assert refusal.kind is errors.VALIDATION_FAILED
    assert [error.field for error in refusal.errors] == [field]


async def test_an_unknown_preset_is_named(
    objects: Objects, rules: Rules, photograph: bytes
) -> None:
    request = a_request(a_form(photograph, presets=["thumb", "huge"]), FORM_HEADERS)
    refusal = await refusal_of(objects, rules, request)
    assert refusal.kind is errors.UNKNOWN_PRESET
    assert "'huge'" in refusal.detail


async def test_a_client_that_hangs_up_leaves_nothing(
    objects: Objects, rules: Rules, photograph: bytes
) -> None:
    body = a_form(photograph)
    request = a_request([body[:50_000], body[50_000:90_000], None], FORM_HEADERS)
    with pytest.raises(ClientDisconnect):
        await intake.receive(request, objects, "originals/a/b", rules, presets)
    assert await all_keys(objects) == set()


async def test_an_encoded_body_is_refused(
    objects: Objects, rules: Rules, photograph: bytes
) -> None:
    request = a_request(a_form(photograph), FORM_HEADERS | {"content-encoding": "gzip"})
    refusal = await refusal_of(objects, rules, request)
    assert refusal.kind is errors.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("harbour.jpg", "harbour.jpg"),
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("/etc/cron.d/x.jpg", "x.jpg"),
        ("C:\\Users\\ann\\harbour.jpg", "harbour.jpg"),
        ("folder/", "folder"),
        ("%2e%2e%2fpasswd", "%2e%2e%2fpasswd"),
        (".htaccess", ".htaccess"),
        ("a\0b\r\n.jpg", "ab.jpg"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("🖼图片.jpg", "🖼图片.jpg"),
        ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
        ("", "untitled"),
        (".", "untitled"),
        ("..", "untitled"),
        ("a/..", "untitled"),
        ("   ", "untitled"),
        ("\0\x1f", "untitled"),
        ("...", "untitled"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_the_last_part_of_a_path_in_printable_characters(
    filename: str, name: str
) -> None:
    assert name_of(filename) == name


@given(st.text())
def test_every_name_is_one_to_255_printable_characters_and_no_path(filename: str) -> None:
    name = name_of(filename)
    assert 1 <= len(name) <= 255
    assert name.isprintable()
    assert "/" not in name
    assert "\\" not in name
    assert name not in {".", ".."}


def test_a_name_that_was_cut_is_trimmed_too() -> None:
    assert name_of("x" * 254 + " y.jpg") == "x" * 254
