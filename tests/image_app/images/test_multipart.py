"""The upload form as a stream: however its bytes arrive, it says the same."""

import time
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safelight.image_app import errors
from safelight.image_app.errors import Problem
from safelight.image_app.images.intake import name_of
from safelight.image_app.images.multipart import MAX_FIELD_BYTES, MAX_FIELDS, UploadForm
from tests.image_app.given import BOUNDARY, a_form

CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
FLOOD = 25 << 20
TRICKY = b"\r\n--a-boundarx\r\n--a-bound" + bytes(range(256)) + b"\r\n--\r\n"
Read = tuple[bytes, str | None, list[tuple[str, str]]]


def read(chunks: list[bytes], content_type: str = CONTENT_TYPE) -> Read:
    """File, its name, and the fields."""
    form = UploadForm(content_type)
    content = b"".join(part for chunk in chunks for part in form.feed(chunk))
    form.finish()
    return content, form.filename, form.fields


def refusal_of(chunks: list[bytes], content_type: str = CONTENT_TYPE) -> Problem:
    with pytest.raises(Problem) as refusal:
        read(chunks, content_type)
    return refusal.value


def a_part(headers: str, content: bytes = b"x") -> bytes:
    return f"--{BOUNDARY}\r\n{headers}\r\n\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
FORM = a_form(TRICKY, "härbour.jpg", tags=["sea", "ship, two"], description="line\r\nline é")
SAID: Read = (
    TRICKY,
    "härbour.jpg",
    [("tags", "sea"), ("tags", "ship, two"), ("description", "line\r\nline é")],
)


def test_a_form_gives_its_file_its_name_and_its_fields_in_order() -> None:
    assert read([FORM]) == SAID


def test_cut_at_any_one_byte_a_form_says_the_same() -> None:
    for place in range(len(FORM) + 1):
        assert read([FORM[:place], FORM[place:]]) == SAID


def test_fed_byte_by_byte_a_form_says_the_same() -> None:
    assert read([FORM[i : i + 1] for i in range(len(FORM))]) == SAID


@given(st.lists(st.integers(0, len(FORM))), st.binary(max_size=300))
@example([10], b"\r\n--a-boundary-\r\n")
def test_however_it_is_cut_and_whatever_the_file_is_a_form_says_the_same(
    places: list[int], content: bytes
) -> None:
    form = a_form(content, "a.jpg", tags="sea")
    edges = [0, *sorted(min(place, len(form)) for place in places), len(form)]
    chunks = [form[a:b] for a, b in pairwise(edges)]
    try:
        assert read(chunks) == (content, "a.jpg", [("tags", "sea")])
    except Problem:
        assert BOUNDARY.encode() in content


@given(st.binary(max_size=500), st.integers(1, 7))
def test_no_bytes_raise_anything_but_a_problem(body: bytes, size: int) -> None:
    for start in (b"", f"--{BOUNDARY}\r\n".encode()):
        content = start + body
        refusal = refusal_of([content[i : i + size] for i in range(0, len(content), size)])
        assert refusal.kind.status in (400, 422)


@pytest.mark.parametrize(
    "content",
    [b"\r\n", b"\r", b"\r\n--", b"-", b"\r\n--a-boundar", b"\r\n--a-boundary-\r\n"],
    ids=["empty lines", "returns", "dashes", "a dash", "almost", "all but a dash"],
)
def test_bytes_that_resemble_the_boundary_cost_little(content: bytes) -> None:
    flood = content * (FLOOD // len(content))
    form = a_form(flood)
    chunks = [form[place : place + 65536] for place in range(0, len(form), 65536)]
    started = time.process_time()
    with suppress(Problem):
        assert read(chunks)[0] == flood
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (a_part("X: " + "y" * 65536), errors.MALFORMED_BODY),
        (a_part("X: y\r\n" * 10_000), errors.MALFORMED_BODY),
        (
            a_part('Content-Disposition: form-data; name="file"\r\nContent-Disposition: form-data'),
            errors.MALFORMED_BODY,
        ),
        (a_part('Content-Disposition: form-data; name=""') * 10_000, errors.VALIDATION_FAILED),
        (a_part("X: y") * 10_000, errors.VALIDATION_FAILED),
    ],
    ids=["a long header", "many headers", "a header twice", "parts without a name", "no parts"],
)
def test_hostile_parts_are_refused_at_once(part: bytes, kind: errors.Kind) -> None:
    started = time.process_time()
    assert refusal_of([part + a_form(b"x")]).kind is kind
    assert time.process_time() - started < 1


def test_a_file_is_called_what_everybody_takes_it_to_be_called() -> None:
    """RFC 7578 forbids `filename*` in forms."""
    disposition = 'Content-Disposition: form-data; name="file"; filename="a.jpg"'
    form = a_part(f"{disposition}; filename*=UTF-8''b.jpg") + END
    assert read([form]) == (b"x", "a.jpg", [])


def test_a_form_in_a_form_is_a_file_like_any_other() -> None:
    inner = b'--c\r\nContent-Disposition: form-data; name="file"; filename="b"\r\n\r\ny\r\n--c--'
    head = 'Content-Disposition: form-data; name="file"; filename="a"\r\n'
    form = a_part(f"{head}Content-Type: multipart/mixed; boundary=c", inner) + END
    assert read([form]) == (inner, "a", [])


def test_the_end_may_be_followed_by_anything() -> None:
    assert read([a_form(b"x") + b"epilogue\r\n"])[0] == b"x"


@pytest.mark.parametrize(
    "kind", ["", "application/json", "multipart/mixed; boundary=b", "text/plain", "é"]
)
def test_another_media_type_is_refused(kind: str) -> None:
    assert refusal_of([FORM], kind).kind is errors.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'b' * 5000}",
    ],
    ids=["no boundary", "an empty boundary", "a boundary that is too long"],
)
def test_a_form_without_a_usable_boundary_is_malformed(kind: str) -> None:
    assert refusal_of([FORM], kind).kind is errors.MALFORMED_BODY


@pytest.mark.parametrize("count", [0, 1, 30, len(FORM) // 2, len(FORM) - 6])
def test_a_form_that_ends_too_early_is_malformed(count: int) -> None:
    assert refusal_of([FORM[:count]]).kind is errors.MALFORMED_BODY


def test_a_form_without_a_file_is_told_so() -> None:
    refusal = refusal_of([a_form(None, tags="sea")])
    assert refusal.kind is errors.VALIDATION_FAILED
    assert [(e.field, e.message) for e in refusal.errors] == [("file", "is missing")]


def test_a_second_file_is_refused_when_it_begins() -> None:
    form = UploadForm(CONTENT_TYPE)
    first = a_part('Content-Disposition: form-data; name="file"; filename="a"', b"first")
    assert b"".join(form.feed(first)) == b"first"
    second = a_part('Content-Disposition: form-data; name="file"; filename="b"')
    with pytest.raises(Problem) as refusal:
        list(form.feed(second[: second.index(b"\r\n\r\n") + 4]))
    assert [e.message for e in refusal.value.errors] == ["is given more than once"]


def test_as_many_fields_as_are_allowed_are_taken_and_one_more_is_refused() -> None:
    allowed = [str(i) for i in range(MAX_FIELDS)]
    assert len(read([a_form(b"x", tags=allowed)])[2]) == MAX_FIELDS
    refusal = refusal_of([a_form(b"x", tags=[*allowed, "more"])])
    assert refusal.kind is errors.VALIDATION_FAILED


def test_a_field_that_never_ends_is_refused_before_it_has_ended() -> None:
    form = UploadForm(CONTENT_TYPE)
    list(form.feed(a_part('Content-Disposition: form-data; name="tags"', b"")[:-2]))
    with pytest.raises(Problem) as refusal:  # noqa: PT012 - whichever of them it is
        for _ in range(MAX_FIELD_BYTES // 1024 + 1):
            list(form.feed(b"x" * 1024))
    assert [(e.field, e.message) for e in refusal.value.errors] == [("tags", "is too long")]


def test_a_file_under_another_name_is_told_that_nobody_knows_that_name() -> None:
    refusal = refusal_of([a_form(b"x", image="x" * (MAX_FIELD_BYTES + 1))])
    assert [(e.field, e.message) for e in refusal.errors] == [("image", "is not known here")]


@pytest.mark.parametrize("header", ["X-Long: ", "Content-Disposition: form-data; name="])
def test_a_header_that_never_ends_is_refused(header: str) -> None:
    form = UploadForm(CONTENT_TYPE)
    with pytest.raises(Problem) as refusal:  # noqa: PT012 - whichever of them it is
        for chunk in [f"--{BOUNDARY}\r\n{header}".encode(), *[b"x" * 1024] * 64]:
            list(form.feed(chunk))
    assert refusal.value.kind is errors.MALFORMED_BODY


def test_a_part_with_endless_headers_is_refused() -> None:
    headers = "\r\n".join(f"X-{i}: x" for i in range(1000))
    assert refusal_of([a_part(headers), END]).kind is errors.MALFORMED_BODY


def test_a_field_that_is_no_utf_8_is_named() -> None:
    part = a_part('Content-Disposition: form-data; name="tags"', b"\xff")
    refusal = refusal_of([part, END])
    assert [(e.field, e.message) for e in refusal.errors] == [("tags", "is not UTF-8")]


@pytest.mark.parametrize("name", ["a\r\nX-Injected: 1\r\n.jpg", "a\r\n\r\n.jpg", "a\n.jpg"])
def test_a_line_break_in_a_file_name_never_reaches_the_name_of_the_image(name: str) -> None:
    form = UploadForm(CONTENT_TYPE)
    with suppress(Problem):
        list(form.feed(a_form(b"x", name)))
        form.finish()
    assert "\r" not in (form.filename or "")
    assert name_of(form.filename or "").isprintable()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('filename="a.jpg"', "a.jpg"),
        ("filename=a.jpg", "a.jpg"),
        ('filename=""', ""),
        ("", ""),
        ("filename*=UTF-8''h%C3%A4rbour.jpg", ""),  # RFC 7578, 4.2: not in forms
        ('filename="a;b.jpg"', "a;b.jpg"),
        ('filename="a\\"b.jpg"', 'a"b.jpg'),
        ('FileName="a.jpg"', "a.jpg"),
    ],
)
def test_a_file_name_is_read_in_each_of_its_spellings(header: str, name: str) -> None:
    part = a_part(f'content-disposition: form-data; name="file"; {header}'.rstrip("; "))
    assert read([part, END]) == (b"x", name, [])


def test_a_file_name_that_is_no_utf_8_is_no_reason_to_refuse() -> None:
    part = a_part('Content-Disposition: form-data; name="file"; filename="a~.jpg"')
    content, name, _ = read([part.replace(b"~", b"\xed\xa0\x80"), END])
    assert content == b"x"
    assert name is not None
    assert name.encode().startswith(b"a")


def test_a_part_without_a_name_is_a_field_without_a_name() -> None:
    assert read([a_part("X-A: b"), a_form(b"x")])[2] == [("", "x")]
