"""Every accepted kind of picture comes out right."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.client import Client
from tests.journeys import pictures

CLOSE = 7.0
"""Levels of 255 by which a small, compressed copy may differ from its model on average."""
PRINTED = 16.0
"""The same for a picture that went through ink: paper shows fewer colours."""
NAMES = ["thumb", "small", "preview", "grayscale"]
SMALL = (300, 200)

Json = dict[str, Any]


def _upload(client: Client, content: bytes, **fields: str) -> Json:
    image = client.upload_and_wait(content, **fields)
    assert [v["name"] for v in image["variants"]] == NAMES
    for variant in image["variants"]:
        assert variant["status"] == "ready", variant["error"]
        made = client.variant(image, variant["name"])
        picture = pictures.opened(made)
        assert picture.size == (variant["width"], variant["height"])
        assert f"image/{(picture.format or '').lower()}" == variant["content_type"]
        assert not picture.getexif()
        assert "icc_profile" not in picture.info
    return image


@pytest.mark.parametrize("kind", pictures.KINDS)
def test_a_picture_looks_like_itself_whatever_its_format(ann: Client, kind: str) -> None:
    content_type, make = pictures.KINDS[kind]
    image = _upload(ann, make(), name="called.txt")
    assert image["content_type"] == content_type
    assert (image["width"], image["height"]) == pictures.SIDES
    far = PRINTED if kind == "CMYK JPEG" else CLOSE
    for name in ("small", "preview"):
        assert pictures.difference(ann.variant(image, name), pictures.photograph()) < far
    grey = pictures.opened(ann.variant(image, "grayscale"))
    assert grey.mode == "L"
    shown = ann.variant(image, "grayscale")
    assert pictures.difference(shown, pictures.photograph().convert("L")) < far


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright_however_the_camera_was_held(
    ann: Client, orientation: int
) -> None:
    image = _upload(ann, pictures.turned_jpeg(orientation))
    assert (image["width"], image["height"]) == pictures.SIDES
    small = ann.variant(image, "small")
    assert pictures.opened(small).size == SMALL
    assert pictures.difference(small, pictures.photograph()) < CLOSE


def test_the_sides_are_those_displayed_from_the_first_answer_on(ann: Client) -> None:
    image = ann.upload(pictures.turned_jpeg(6))
    assert (image["width"], image["height"]) in (pictures.SIDES, (None, None))


def test_what_is_transparent_stays_transparent(ann: Client) -> None:
    image = _upload(ann, pictures.alpha_png())
    for name in NAMES:
        picture = pictures.opened(ann.variant(image, name))
        assert (picture.format, picture.mode) == ("WEBP", "RGBA")
    alpha = np.asarray(pictures.opened(ann.variant(image, "small")).getchannel("A"))
    left, right = alpha[:, :10].mean(), alpha[:, -10:].mean()
    assert left < 20
    assert right > 235
    grey = np.asarray(pictures.opened(ann.variant(image, "grayscale")).convert("RGBA"))
    assert np.abs(grey[..., 0].astype(int) - grey[..., 2]).mean() < 2


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_an_animation_stays_one_in_every_variant(ann: Client, form: str) -> None:
    image = _upload(ann, pictures.animation(form))
    for name in NAMES:
        made = ann.variant(image, name)
        assert pictures.delays(made) == list(pictures.DELAYS)
        # GIF counts how often it is repeated, WebP how often it is played.
        assert pictures.opened(made).info["loop"] == (4 if form == "GIF" else 3)
    with Image.open(BytesIO(ann.variant(image, "preview"))) as film:
        for number, frame in enumerate(pictures.frames()):
            film.seek(number)
            shown = np.asarray(film.convert("RGB"), np.int16)
            assert np.abs(shown - np.asarray(frame, np.int16)).mean() < CLOSE


def test_a_still_picture_has_one_frame(ann: Client) -> None:
    image = _upload(ann, pictures.jpeg())
    assert len(pictures.delays(ann.variant(image, "preview"))) == 1


def test_nothing_is_enlarged_but_the_thumb_is_always_full(ann: Client) -> None:
    image = _upload(ann, pictures.jpeg((60, 40)))
    sides = {v["name"]: (v["width"], v["height"]) for v in image["variants"]}
    assert sides == {"thumb": (100, 100), "small": (60, 40), "preview": (60, 40)} | {
        "grayscale": (60, 40)
    }


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_a_file_of_several_megabytes_is_taken(ann: Client, form: str) -> None:
    large = pictures.opened(pictures.camera_jpeg()).resize((2400, 1800))
    options = {"PNG": {"compress_level": 1}, "TIFF": {}, "WEBP": {"quality": 97, "method": 0}}
    content = pictures.saved(large, form, **options[form])
    assert len(content) > 1_000_000
    image = _upload(ann, content)
    assert (image["width"], image["height"], image["size"]) == (2400, 1800, len(content))
    preview = ann.variant(image, "preview")
    assert pictures.opened(preview).size == (1440, 1080)
    assert pictures.difference(preview, pictures.photograph()) < CLOSE


def test_only_the_wanted_presets_are_made(ann: Client) -> None:
    image = ann.upload_and_wait(pictures.jpeg(number=5), presets=["grayscale", "thumb"])
    assert {v["name"] for v in image["variants"]} == {"grayscale", "thumb"}
    missing = ann.get(f"/i/{image['id']}/small")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/variant-not-found")


def test_a_variant_carries_no_place_and_no_camera(ann: Client) -> None:
    image = _upload(ann, pictures.camera_jpeg())
    for name in NAMES:
        made = ann.variant(image, name)
        assert not [word for word in (b"Kodak", b"Exif", b"EXIF", b"XMP ", b"2024") if word in made]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\pictures\\harbour.jpg", "harbour.jpg"),
        ("a\tb\u202e.jpg", "ab.jpg"),
        ("..", "untitled"),
        ("   ", "untitled"),
        ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
        ("🖼️图片.jpg", "🖼️图片.jpg"),
        ("x" * 400 + ".jpg", "x" * 255),
    ],
)
def test_a_file_name_is_only_ever_a_name(ann: Client, given: str, kept: str) -> None:
    head = 'Content-Disposition: form-data; name="file"; filename="'
    body = b"--b\r\n" + head.encode() + given.encode() + b'"\r\n\r\n' + pictures.jpeg((32, 24))
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = ann.post("/v1/images", content=body + b"\r\n--b--\r\n", headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == kept.replace("\ufe0f", "") or answer.json()["name"] == kept
    link = ann.get(answer.json()["url"])
    assert link.headers["content-disposition"].isascii()
    assert "\r" not in link.headers["content-disposition"]
