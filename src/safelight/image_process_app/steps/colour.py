"""Bring a picture's colours to sRGB, through its profile, which is then dropped."""

import struct

import pyvips

from safelight.image_process_app.picture import GREY, SRGB, Picture

PROFILE = "icc-profile-data"
SRGB_NAMES = ("sRGB", "sRGB built-in", "sRGB2014", "GIMP built-in sRGB")
SRGB_STANDARD = "sRGB IEC61966-2"
"""HP, Apple and Adobe write `-2.1` or `-2-1`, some with a word on black behind it."""
TAG_TABLE = 128
MOST_TAGS = 100
INK_BANDS = 4
INTENT = {"intent": "relative", "black_point_compensation": True}
"""What photo editors and browsers do: without it the black of ink comes out grey."""


def to_srgb(picture: Picture) -> Picture:
    """SRGB or grey, 8 or 16 bits as the source, alpha as it was, without a profile. Each pixel is
    converted by itself and when it is read, so it costs least once the picture is small.

    A profile that can't be used must not cost the picture: its colours are then taken as they
    are. Grey stays grey.
    """
    picture = picture.map(_without_profile if _is_plain(picture.first) else _convert)
    most = (1 if picture.first.interpretation in GREY else 3) + 1
    if picture.first.bands <= most:
        return picture
    # More than colours and one alpha, as some TIFFs have: nobody could say what it means.
    return picture.map(lambda frame: frame[:most])


def converts_late(image: pyvips.Image) -> bool:
    """Whether it may be scaled before it is converted: nothing is lost, and less to be done."""
    if image.format not in ("uchar", "ushort") or image.bands > INK_BANDS:
        return False
    ink = image.interpretation == "cmyk" and not image.hasalpha()
    return ink or image.interpretation in SRGB + GREY


def _is_plain(image: pyvips.Image) -> bool:
    if image.interpretation not in SRGB + GREY or image.format not in ("uchar", "ushort"):
        return False
    return not image.get_typeof(PROFILE) or is_srgb(image.get(PROFILE))


def is_srgb(profile: bytes) -> bool:
    """Whether a profile is the one that pictures without a profile have. Most cameras write it,
    and a transform from sRGB to sRGB costs as much as the decode.
    """
    name = _description(profile)
    return name in SRGB_NAMES or name.startswith(SRGB_STANDARD)


def _description(profile: bytes) -> str:
    """The profile's own name, "" without one: ASCII in version 2 of the ICC's specification,
    UTF-16 in version 4. To look for a name anywhere would take `Linear sRGB` for sRGB.
    """
    try:
        (count,) = struct.unpack_from(">I", profile, TAG_TABLE)
        for number in range(min(count, MOST_TAGS)):
            tag, start, size = struct.unpack_from(">4sII", profile, TAG_TABLE + 4 + 12 * number)
            if tag == b"desc":
                return _text(profile[start : start + size])
    except struct.error:
        pass
    return ""


def _text(element: bytes) -> str:
    if element[:4] == b"mluc":
        length, start = struct.unpack_from(">II", element, 20)
        text = element[start : start + length].decode("utf-16-be", "replace")
    else:
        text = element[12:].partition(b"\0")[0].decode("ascii", "replace")
    return text.rstrip("\0").strip()


def _convert(image: pyvips.Image) -> pyvips.Image:
    grey = image.interpretation in GREY
    deep = image.format == "ushort"
    image = _through_profile(image, 16 if deep else 8)
    if image.interpretation not in SRGB + GREY or image.format not in ("uchar", "ushort"):
        image = image.colourspace("rgb16" if deep else "srgb")
    if grey and image.interpretation not in GREY:
        image = image.colourspace("grey16" if deep else "b-w")
    return _without_profile(image)


def _through_profile(image: pyvips.Image, depth: int) -> pyvips.Image:
    if image.get_typeof(PROFILE):
        try:
            _try_profile(image, depth)
        except pyvips.Error:
            image = _without_profile(image)
        else:
            return image.icc_transform("srgb", embedded=True, depth=depth, **INTENT)
    if image.interpretation == "cmyk":
        return image.icc_transform("srgb", input_profile="cmyk", depth=depth, **INTENT)
    return image


def _try_profile(image: pyvips.Image, depth: int) -> None:
    """Raise pyvips.Error for a profile that can't be used, which only reading a pixel shows: one
    of the like, since those of the picture may be read only once.
    """
    pixel = pyvips.Image.black(1, 1, bands=image.bands).cast(image.format)
    pixel = pixel.copy(interpretation=image.interpretation, coding=image.coding)
    pixel.set_type(pyvips.GValue.blob_type, PROFILE, image.get(PROFILE))
    pixel.icc_transform("srgb", embedded=True, depth=depth, **INTENT).getpoint(0, 0)


def _without_profile(image: pyvips.Image) -> pyvips.Image:
    if not image.get_typeof(PROFILE):
        return image
    image = image.copy()
    image.remove(PROFILE)
    return image
