"""Animations through resize and from format to format."""

from functools import cache
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Encoded, Pipeline
from tests.image_process_app.conftest import Held, Make
from tests.image_process_app.reference import apart, levels
from tests.journeys import pictures

PALETTE_CLOSE = 12.0
"""Mean levels that 256 colours and two codecs may make."""


@pytest.mark.parametrize("plays", [0, 1, 2, 5])
@pytest.mark.parametrize("into", ["gif", "webp"])
@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_frames_timing_and_loop_survive_in_all_four_directions(
    make: Make, form: str, into: str, plays: int
) -> None:
    film, content = _film(form, plays)
    made = make(content, f"image/{form.lower()}", width=120, format=into)
    picture = pictures.opened(made.data)
    assert made.content_type == f"image/{into}"
    assert (picture.size, getattr(picture, "n_frames", 1)) == ((120, 80), len(film))
    assert pictures.delays(made.data) == list(pictures.DELAYS)
    assert picture.info.get("loop") == _loop(into.upper(), plays).get("loop")
    for number, frame in enumerate(film):
        picture.seek(number)
        small = levels(frame.resize((120, 80), Image.Resampling.LANCZOS))
        assert apart(levels(picture.convert("RGB")), small) < PALETTE_CLOSE


@cache
def _film(form: str, plays: int) -> tuple[list[Image.Image], bytes]:
    film = [frame.resize((180, 120)) for frame in pictures.frames()]
    options = {"save_all": True, "append_images": film[1:], "duration": list(pictures.DELAYS)}
    return film, pictures.saved(film[0], form, **options, **_loop(form, plays))


def _loop(form: str, plays: int) -> dict[str, int]:
    """A GIF counts repetitions and says nothing for none; a WebP how often it is shown."""
    if form == "WEBP" or plays == 0:
        return {"loop": plays}
    return {"loop": plays - 1} if plays > 1 else {}


@pytest.mark.parametrize("form", ["gif", "webp"])
def test_frames_that_are_alike_are_kept_with_their_time(make: Make, form: str) -> None:
    one, other = pictures.frames()[:2]
    content = pictures.saved(
        one,
        "WEBP",
        save_all=True,
        append_images=[other, other, one],
        duration=[50, 70, 90, 110],
        lossless=True,
        minimize_size=False,
        kmin=1,
        kmax=1,
    )
    made = make(content, "image/webp", width=60, format=form)
    assert sum(pictures.delays(made.data)) == 320


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
@pytest.mark.parametrize(
    "options", [{"animated": False}, {"format": "jpeg"}, {"format": "png"}, {"format": "avif"}]
)
def test_what_does_not_move_is_the_first_frame(
    make: Make, form: str, options: dict[str, object]
) -> None:
    made = make(pictures.animation(form), f"image/{form.lower()}", width=120, **options)
    picture = pictures.opened(made.data)
    assert getattr(picture, "n_frames", 1) == 1
    assert picture.size == (120, 80)
    small = pictures.frames()[0].resize((120, 80), Image.Resampling.LANCZOS)
    assert apart(levels(picture.convert("RGB")), levels(small)) < PALETTE_CLOSE


def test_a_still_of_a_film_without_alpha_is_a_jpeg(make: Make) -> None:
    film = pictures.animation("GIF")
    assert make(film, "image/gif", animated=False).content_type == "image/jpeg"
    assert make(film, "image/gif").content_type == "image/webp"


def test_stills_and_films_of_one_picture_do_not_disturb_each_other(held: Held) -> None:
    asked: dict[str, dict[str, object]] = {
        "film": {"width": 240},
        "still": {"width": 200, "animated": False},
        "small film": {"width": 60, "format": "gif"},
        "small still": {"width": 60, "format": "png"},
        "whole still": {"format": "png"},
    }
    wanted = [
        WantedVariant(name=name, transformation=Transformation.model_validate(options))
        for name, options in asked.items()
    ]
    pipeline = Pipeline(held(pictures.animation("GIF")), "image/gif", Limits(), wanted)
    for variant, made in pipeline.variants():
        assert isinstance(made, Encoded), made
        count = getattr(pictures.opened(made.data), "n_frames", 1)
        assert count == (4 if "film" in variant.name else 1), variant.name
    assert pipeline.describe().frames == 4


def test_a_description_counts_frames_that_nobody_wanted(held: Held) -> None:
    wanted = [WantedVariant(name="it", transformation=Transformation(width=60, format="jpeg"))]
    pipeline = Pipeline(held(pictures.animation("WEBP")), "image/webp", Limits(), wanted)
    list(pipeline.variants())
    assert pipeline.describe().frames == 4


@pytest.mark.parametrize("form", ["gif", "webp"])
def test_what_is_clear_in_a_film_stays_clear(make: Make, form: str) -> None:
    film = []
    for place in (4, 20, 36):
        frame = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
        frame.paste((250, 20, 20, 255), (place, 10, place + 16, 30))
        film.append(frame)
    file = BytesIO()
    film[0].save(file, "WEBP", save_all=True, append_images=film[1:], lossless=True, duration=80)
    made = make(file.getvalue(), "image/webp", width=32, format=form)
    picture = pictures.opened(made.data)
    for number, frame in enumerate(film):
        picture.seek(number)
        found = np.asarray(picture.convert("RGBA"))
        wanted = np.asarray(frame.resize((32, 24), Image.Resampling.BOX))
        sure = np.isin(wanted[..., 3], (0, 255))
        near = np.abs(found[..., 3].astype(int) - wanted[..., 3])[sure]
        assert np.mean(near > 40) < 0.02, number
