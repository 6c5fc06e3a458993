"""What is refused to be opened."""

import struct

import pytest

from safelight.contract.messages import WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.image_process_app.limits import Limits, Rejected
from safelight.image_process_app.pipeline import Pipeline
from safelight.image_process_app.steps.open import open_picture
from tests.image_process_app.conftest import Held
from tests.journeys import pictures

LIMITS = Limits(max_side=1000, max_pixels=500_000, max_frames=3, max_total_pixels=1_000_000)
WANTED = [WantedVariant(name="thumb", transformation=BUILT_IN["thumb"])]


@pytest.mark.parametrize(
    ("width", "height", "frames", "code"),
    [
        (1001, 1, 1, "image-too-large"),
        (1, 1001, 1, "image-too-large"),
        (800, 800, 1, "image-too-large"),
        (10, 10, 4, "too-many-frames"),
        (700, 700, 3, "image-too-large"),
    ],
)
def test_what_is_over_a_limit_is_rejected_with_its_figures(
    width: int, height: int, frames: int, code: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        LIMITS.check(width, height, frames)
    assert refusal.value.code == code
    assert str(frames if code == "too-many-frames" else width) in refusal.value.detail


@pytest.mark.parametrize(("width", "height", "frames"), [(1000, 500, 1), (577, 577, 3)])
def test_what_is_just_within_the_limits_is_taken(width: int, height: int, frames: int) -> None:
    LIMITS.check(width, height, frames)


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(held: Held) -> None:
    picture = pictures.jpeg((900, 700))
    without_pixels = picture[: picture.index(b"\xff\xda") + 20]
    with pytest.raises(Rejected) as refusal:
        Pipeline(held(without_pixels), "image/jpeg", LIMITS, WANTED)
    assert refusal.value.code == "image-too-large"


def test_an_animation_with_too_many_frames_is_refused(held: Held) -> None:
    film = pictures.animation("GIF")
    with pytest.raises(Rejected) as refusal:
        Pipeline(held(film), "image/gif", LIMITS, WANTED)
    assert refusal.value.code == "too-many-frames"


def test_a_gif_is_judged_by_its_screen_too(held: Held) -> None:
    film = bytearray(pictures.still("GIF"))
    film[6:10] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(Rejected) as refusal:
        Pipeline(held(bytes(film)), "image/gif", LIMITS, WANTED)
    assert refusal.value.code == "image-too-large"


def test_a_kind_that_is_not_taken_is_refused_whatever_libvips_could_open(held: Held) -> None:
    with pytest.raises(Rejected) as refusal:
        Pipeline(
            held(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml", LIMITS, WANTED
        )
    assert refusal.value.code == "unsupported-image"


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6, 0.9, 0.999])
def test_an_animation_that_ends_within_a_frame_is_rejected(held: Held, share: float) -> None:
    """Libvips would open it, with what it has read of the last frame."""
    film = pictures.animation("GIF")
    source = held(film[: int(len(film) * share)])
    with pytest.raises(Rejected, match="corrupt-image"):
        open_picture(source, "image/gif", Limits(), [])


def test_an_animation_that_lacks_its_end_mark_alone_is_taken(held: Held) -> None:
    film = pictures.animation("GIF")
    assert open_picture(held(film[:-1]), "image/gif", Limits(), []).frames == len(pictures.DELAYS)
    assert open_picture(held(film + b"more"), "image/gif", Limits(), []).frames > 1
