"""`format=auto` by `Accept`, and what else makes a transformation concrete."""

import pytest

from safelight.contract.transformations import Transformation
from safelight.image_app.delivered.negotiation import Picture, accepted, choose, settle

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SAFARI_13 = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
WEBP = "image/webp,*/*"
AVIF = "image/avif"

PHOTO = Picture("image/jpeg", 1, False)
CUT_OUT = Picture("image/png", 1, True)
OPAQUE_PNG = Picture("image/png", 1, False)
FILM = Picture("image/gif", 12, True)
NEW_JPEG = Picture("image/jpeg", None, None)
NEW_PNG = Picture("image/png", None, None)
NEW_GIF = Picture("image/gif", None, None)
NEW_WEBP = Picture("image/webp", None, None)

PLAIN = Transformation(width=300)
STILL = Transformation(animated=False)
ON_WHITE = Transformation(background="white")
ON_HALF = Transformation(background="ffffff80")
LOSSLESS = Transformation(lossless=True)
TURNED = Transformation(rotate=10, background="transparent")
QUARTER = Transformation(rotate=90, background="transparent")
PADDED = Transformation(pad=(8, 8, 8, 8), background="transparent")
BOXED = Transformation(width=10, height=20, fit="pad", background="transparent")
LOOSE = Transformation(width=10, fit="pad", background="transparent")

TABLE = [
    ("a browser of today", CHROME, PLAIN, PHOTO, "avif"),
    ("one that knows no AVIF", WEBP, PLAIN, PHOTO, "webp"),
    ("one that knows neither", SAFARI_13, PLAIN, PHOTO, "jpeg"),
    ("nothing said", "", PLAIN, PHOTO, "jpeg"),
    ("wildcards", "image/*, */*", PLAIN, PHOTO, "jpeg"),
    ("order is ours", "image/webp, image/avif;q=0.1", PLAIN, PHOTO, "avif"),
    ("AVIF refused", "image/avif;q=0, image/webp", PLAIN, PHOTO, "webp"),
    ("both refused", "image/avif;q=0, image/webp; q=0.0", PLAIN, PHOTO, "jpeg"),
    ("alpha", SAFARI_13, PLAIN, CUT_OUT, "png"),
    ("alpha, and AVIF", AVIF, PLAIN, CUT_OUT, "avif"),
    ("a PNG without alpha", SAFARI_13, PLAIN, OPAQUE_PNG, "jpeg"),
    ("alpha on a background", SAFARI_13, ON_WHITE, CUT_OUT, "jpeg"),
    ("alpha on half a background", SAFARI_13, ON_HALF, CUT_OUT, "png"),
    ("half a background that is nowhere seen", SAFARI_13, ON_HALF, PHOTO, "jpeg"),
    ("clear corners", SAFARI_13, TURNED, PHOTO, "png"),
    ("no corners", SAFARI_13, QUARTER, PHOTO, "jpeg"),
    ("a clear margin", SAFARI_13, PADDED, PHOTO, "png"),
    ("a clear box", SAFARI_13, BOXED, PHOTO, "png"),
    ("no box", SAFARI_13, LOOSE, PHOTO, "jpeg"),
    ("lossless", SAFARI_13, LOSSLESS, PHOTO, "png"),
    ("lossless, and WebP", WEBP, LOSSLESS, PHOTO, "webp"),
    ("a film", CHROME, PLAIN, FILM, "webp"),
    ("a film for AVIF alone", AVIF, PLAIN, FILM, "gif"),
    ("a film for nobody", SAFARI_13, PLAIN, FILM, "gif"),
    ("the first frame of a film", CHROME, STILL, FILM, "avif"),
    ("the first frame for nobody", SAFARI_13, STILL, FILM, "png"),
    ("a new JPEG", SAFARI_13, PLAIN, NEW_JPEG, "jpeg"),
    ("a new PNG may have alpha", SAFARI_13, PLAIN, NEW_PNG, "png"),
    ("a new PNG does not move", CHROME, PLAIN, NEW_PNG, "avif"),
    ("a new GIF may move", CHROME, PLAIN, NEW_GIF, "webp"),
    ("a new WebP may move", SAFARI_13, PLAIN, NEW_WEBP, "gif"),
]


@pytest.mark.parametrize(
    ("accept", "wanted", "picture", "form"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_a_client_gets_the_best_format_that_it_takes_and_that_keeps_the_picture(
    accept: str, wanted: Transformation, picture: Picture, form: str
) -> None:
    assert choose(wanted, accept, picture) == form


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("image/avif", {"image/avif"}),
        ("IMAGE/WebP", {"image/webp"}),
        ("image/webp;level=1;q=0.3", {"image/webp"}),
        ("image/webp; Q=0", set()),
        ("image/webp, image/webp;q=0", set()),
        ("image/webp;q=often", set()),
        ("image/webp;q=nan", set()),
        ("image/webp;q", set()),
    ],
)
def test_a_media_type_is_taken_when_it_is_named_and_not_refused(
    accept: str, taken: set[str]
) -> None:
    assert accepted(accept) == taken


def test_wild_headers_name_nothing_that_matters() -> None:
    for accept in (",,,", ";q=1", "q=0", "image/avif image/webp", "\x00", "a" * 10_000):
        assert choose(PLAIN, accept, PHOTO) == "jpeg"


def test_what_was_asked_for_by_name_is_not_negotiated() -> None:
    wanted = Transformation(width=300, format="gif")
    assert settle(wanted, CHROME, PHOTO) == wanted


def test_the_same_work_has_the_same_fingerprint_by_auto_and_by_name() -> None:
    by_auto = settle(Transformation(width=300), WEBP, PHOTO)
    by_name = settle(Transformation(width=300, format="webp"), "", PHOTO)
    assert by_auto.fingerprint() == by_name.fingerprint()
    assert by_auto == by_name


@pytest.mark.parametrize("form", ["auto", "avif"])
def test_an_avif_is_made_quickly_unless_told_otherwise(form: str) -> None:
    asked = Transformation.model_validate({"format": form})
    assert settle(asked, AVIF, PHOTO).effort == 1
    patient = Transformation.model_validate({"format": form, "effort": 6})
    assert settle(patient, AVIF, PHOTO).effort == 6
    assert settle(asked.model_copy(update={"format": "webp"}), AVIF, PHOTO).effort is None


def test_what_is_settled_is_a_transformation_that_could_have_been_asked_for() -> None:
    for _, accept, wanted, picture, _ in TABLE:
        settled = settle(wanted, accept, picture)
        assert Transformation.model_validate(settled.model_dump()) == settled
