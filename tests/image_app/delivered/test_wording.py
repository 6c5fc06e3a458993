"""Transformations as they stand in the path of a link."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.contract.watermarks import Watermark
from safelight.image_app.delivered import wording
from safelight.image_app.errors import Problem

BY_TEXT = Transformation(width=300, watermark=Watermark(text="© Ann, фото, 写真"))
UNRESERVED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~=,:")


def wrong(what: str) -> set[str]:
    """The options that are named in the refusal."""
    with pytest.raises(Problem) as refusal:
        wording.read(what).on_top_of(None)
    assert refusal.value.kind.code == "validation-failed"
    return {error.field for error in refusal.value.errors}


def opaque(document: bytes) -> str:
    return "~" + base64.urlsafe_b64encode(document).decode().rstrip("=")


@pytest.mark.parametrize(
    "wanted",
    [
        Transformation(),
        Transformation(width=300, height=200, fit="cover", gravity=(0.3, 0.7), dpr=1.5),
        Transformation(crop=(0.1, 0.2, 0.5, 0.5), trim=True, rotate=-12.5, flip="hv"),
        Transformation(pad=(1, 2, 3, 4), background="#ff000080", tint="navy", quality=1),
        Transformation(auto_orient=False, animated=False, progressive=False, max_bytes=2000),
        BY_TEXT,
        *BUILT_IN.values(),
    ],
)
def test_what_is_written_reads_the_same_and_needs_no_escaping(wanted: Transformation) -> None:
    what = wording.write(wanted)
    assert wording.is_transformation(what)
    assert set(what) <= UNRESERVED
    assert wording.read(what).on_top_of(None) == wanted


def test_a_link_can_be_read_by_people_unless_it_has_a_watermark() -> None:
    assert wording.write(Transformation(width=300, fit="cover")) == "fit=cover,width=300"
    assert wording.write(Transformation()) == "format=auto"
    assert wording.write(BY_TEXT).startswith("~")


@pytest.mark.parametrize("name", ["original", "thumb", "a-b-c", "", "300"])
def test_a_name_is_no_transformation(name: str) -> None:
    assert not wording.is_transformation(name)


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ("width=0", "width"),
        ("w=9000", "width"),
        ("sepia=1", "sepia"),
        ("width=1,width=2", "width"),
        ("width=1,cover", "cover"),
        ("fit=fill", "fit"),
        ("watermark=x", "watermark"),
        ("=", "transformation"),
        (f"width={'1' * 2000}", "transformation"),
        ("~", "transformation"),
        ("~~~", "transformation"),
        ("~e30", ""),
        ("~" + "A" * 20_000, "transformation"),
        (opaque(b"[" * 4000), "transformation"),
        (opaque(b"[]"), "transformation"),
        (opaque(b'"width"'), "transformation"),
        (opaque(b"\xff\xfe"), "transformation"),
        (opaque(b'{"width": 0}'), "width"),
        (opaque(b'{"sepia": 1}'), "sepia"),
        (opaque(b'{"watermark": {}}'), "watermark"),
        (opaque(b'{"watermark": {"text": ""}}'), "watermark.text"),
    ],
)
def test_a_refusal_names_the_option(what: str, field: str) -> None:
    if field:
        assert wrong(what) == {field}
    else:
        assert wording.read(what).on_top_of(None) == Transformation()


@given(st.text())
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    for what in (f"~{text}", f"{text}=", f"width={text}"):
        with suppress(Problem):
            wording.read(what).on_top_of(None)


def test_options_change_a_preset() -> None:
    wish = wording.read("p=small,width=200,q=50")
    assert wish.preset == "small"
    small = BUILT_IN["small"]
    assert wish.on_top_of(small) == Transformation(width=200, height=300, quality=50, format="webp")
