"""What is said of a picture."""

import base64
from datetime import UTC, datetime

import pytest
from PIL import Image

from safelight.contract.messages import Description
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Pipeline
from tests.image_process_app.conftest import Held
from tests.journeys import pictures

EXIF_IFD = 0x8769
TAKEN, OFFSET = 0x9003, 0x9011


def _describe(fd: int, content_type: str = "image/png") -> Description:
    return Pipeline(fd, content_type, Limits(), []).describe()


def test_the_placeholder_is_a_tiny_picture_of_it(held: Held) -> None:
    seen = _describe(held(pictures.still("PNG")))
    kind, _, data = seen.placeholder.partition(",")
    assert kind == "data:image/webp;base64"
    tiny = base64.b64decode(data)
    assert len(tiny) < 300
    assert pictures.opened(tiny).size == (16, 11)
    assert pictures.difference(tiny, pictures.photograph()) < 20


def test_the_dominant_colour_is_that_of_most_pixels_and_not_the_mean(held: Held) -> None:
    flag = Image.new("RGB", (100, 100), (200, 16, 46))
    flag.paste((255, 255, 255), (0, 0, 100, 40))
    seen = _describe(held(pictures.saved(flag, "PNG")))
    red, green, blue = bytes.fromhex(seen.dominant_color[1:])
    assert abs(red - 200) < 8
    assert abs(green - 16) < 8
    assert abs(blue - 46) < 8


def test_what_is_clear_does_not_count_for_the_dominant_colour(held: Held) -> None:
    picture = Image.new("RGBA", (100, 100), (0, 255, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 100, 20))
    seen = _describe(held(pictures.saved(picture, "PNG")))
    assert bytes.fromhex(seen.dominant_color[1:])[2] > 240


@pytest.mark.parametrize(
    ("taken", "offset", "expected"),
    [
        ("2024:05:17 18:30:00", None, datetime(2024, 5, 17, 18, 30, tzinfo=UTC)),
        ("2024:05:17 18:30:00", "+02:00", datetime(2024, 5, 17, 16, 30, tzinfo=UTC)),
        ("2024:05:17 18:30:00", "-05:30", datetime(2024, 5, 18, 0, 0, tzinfo=UTC)),
        ("2024:05:17 18:30:00", "nonsense", None),
        ("0000:00:00 00:00:00", None, None),
        ("<script>alert(1)</script>", None, None),
    ],
)
def test_the_time_of_the_photograph_comes_from_its_exif(
    held: Held, taken: str, offset: str | None, expected: datetime | None
) -> None:
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[TAKEN] = taken
    if offset:
        exif.get_ifd(EXIF_IFD)[OFFSET] = offset
    seen = _describe(held(pictures.still("JPEG", exif=exif)), "image/jpeg")
    assert seen.taken_at == expected


def test_sides_and_frames_are_as_displayed(held: Held) -> None:
    turned = _describe(held(pictures.turned_jpeg(6)), "image/jpeg")
    assert (turned.width, turned.height, turned.frames) == (*pictures.SIDES, 1)
    film = _describe(held(pictures.animation("GIF")), "image/gif")
    assert (film.width, film.height, film.frames) == (*pictures.SIDES, len(pictures.DELAYS))
