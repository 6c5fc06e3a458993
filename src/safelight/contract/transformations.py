"""The vocabulary of what can be done to pixels, with its canonical text and fingerprint."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from safelight.contract.options import (
    COMPASS,
    FLAG,
    NONE,
    POINT,
    POINT_FORM,
    Allowed,
    Colour,
    Compass,
    Point,
    number,
    point,
    refusal,
    rounded,
    row,
    whole,
)
from safelight.contract.watermarks import Watermark

MAX_SIDE = 8192
"""Largest side of a result, in pixels."""
MAX_PIXELS = 50_000_000
"""Most pixels of a result."""
LOWEST_QUALITY = 10
"""Below this nothing is worth looking at: `max_bytes` never goes there."""
MAX_MARGIN = 4096
"""Most pixels that `pad` adds on one side."""
FARTHEST = 1_000_000
TRIM = 10
"""The threshold of `trim` when it only says true."""

Crop = tuple[float, float, float, float]
FILL = (
    "fill is refused, since it means two opposite things in this field: choose cover to cut what "
    "reaches beyond the box, or squeeze to distort"
)


def _trim(value: Any) -> Any:
    if isinstance(value, bool):
        return TRIM if value else None
    return value


def _fit(value: Any) -> Any:
    if value == "fill":
        raise refusal(FILL)
    return value


def _crop(value: Crop | None) -> Crop | None:
    if value is None:
        return None
    x, y, width, height = (rounded(part) for part in value)
    value = (x, y, width, height)
    if not (x >= 0 and y >= 0 and width > 0 and height > 0 and max(value) <= FARTHEST):
        raise refusal("must be [x, y, width, height] with x and y from 0, width and height above 0")
    if max(value) <= 1:
        if x + width > 1.0001 or y + height > 1.0001:
            raise refusal("reaches beyond the picture: x + width and y + height are at most 1")
    elif any(part % 1 for part in value):
        raise refusal("must be whole pixels, or parts of the picture that are all from 0 to 1")
    return value


def _pad(value: Any) -> Any:
    """One to four values as in CSS: all; vertical, horizontal; top, horizontal, bottom; each."""
    values = [value] if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(values, list | tuple) and 1 <= len(values) <= 4:
        top = values[0]
        right = values[1] if len(values) > 1 else top
        bottom = values[2] if len(values) > 2 else top
        return (top, right, bottom, values[3] if len(values) > 3 else right)
    return value


def _crop_form(least: dict[str, Any], most: float, kind: str) -> dict[str, Any]:
    place = {"type": kind, "minimum": 0, "maximum": most}
    side = {"type": kind, "maximum": most, **least}
    return row(place, place, side, side)


CROP_FORM = {
    "anyOf": [
        _crop_form({"minimum": 1}, FARTHEST, "integer"),
        _crop_form({"exclusiveMinimum": 0}, 1, "number"),
        NONE,
    ]
}
Fit = Literal["scale-down", "contain", "cover", "crop", "pad", "squeeze"]
Format = Literal["auto", "jpeg", "png", "webp", "avif", "gif", "tiff"]
Seeking = Literal["entropy", "attention"]
WORDS, SEEKING = get_args(Compass), get_args(Seeking)
Margin = Annotated[int, Field(ge=0, le=MAX_MARGIN)]


TRIM_FORM = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 255}, {"type": "boolean"}, NONE]
}
MARGIN_FORM = {"type": "integer", "minimum": 0, "maximum": MAX_MARGIN}
PAD_FORM = {
    "anyOf": [
        {"type": "array", "items": MARGIN_FORM, "minItems": 1, "maxItems": 4},
        MARGIN_FORM,
    ]
}


TOLD = "What to do to a picture; the order of the options means nothing."


class Transformation(BaseModel):
    """What to do to a picture; described, never ordered by the caller.

    An option that is not listed is refused, also in a job: a processor that overlooked one
    would store wrong pixels under the right name. As JSON it has only what differs from the
    defaults, so that a processor of the last release takes what it knows.
    """

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, json_schema_extra={"description": TOLD}
    )

    width: Annotated[int | None, whole(1, MAX_SIDE, " pixels")] = None
    height: Annotated[int | None, whole(1, MAX_SIDE, " pixels")] = None
    dpr: Annotated[float, number(0.5, 4)] = 1.0
    fit: Annotated[Fit, BeforeValidator(_fit), Allowed(f"one of {', '.join(get_args(Fit))}")] = (
        "scale-down"
    )
    gravity: Annotated[
        Compass | Seeking | Point,
        AfterValidator(point),
        Allowed(
            f"one of {COMPASS}, entropy, attention, or {POINT}",
            form={"anyOf": [{"type": "string", "enum": [*WORDS, *SEEKING]}, POINT_FORM]},
        ),
    ] = "center"
    crop: Annotated[
        Annotated[Crop, Field(strict=False)] | None,
        AfterValidator(_crop),
        Allowed("[x, y, width, height], in pixels or all from 0 to 1", form=CROP_FORM),
    ] = None
    trim: Annotated[
        int | None,
        BeforeValidator(_trim),
        Allowed("a whole number from 1 to 255, true or false", 1, 255, form=TRIM_FORM),
    ] = None
    rotate: Annotated[float, number(-360, 360, " degrees")] = 0.0
    flip: Annotated[Literal["h", "v", "hv"] | None, Allowed("h, v or hv")] = None
    auto_orient: Annotated[bool, FLAG] = True
    grayscale: Annotated[bool, FLAG] = False
    tint: Colour = None
    brightness: Annotated[float, number(0, 4)] = 1.0
    contrast: Annotated[float, number(0, 4)] = 1.0
    saturation: Annotated[float, number(0, 4)] = 1.0
    hue: Annotated[float, number(0, 360, " degrees")] = 0.0
    gamma: Annotated[float, number(0.1, 3)] = 1.0
    blur: Annotated[float | None, number(0.3, 250, " pixels, a sigma")] = None
    sharpen: Annotated[float, number(0, 10)] = 0.0
    pixelate: Annotated[int | None, whole(2, 256, " pixels")] = None
    pad: Annotated[
        tuple[Margin, Margin, Margin, Margin],
        Field(strict=False),
        BeforeValidator(_pad),
        Allowed(
            f"one to four whole numbers from 0 to {MAX_MARGIN} pixels, in the order of CSS",
            form=PAD_FORM,
        ),
    ] = (0, 0, 0, 0)
    background: Colour = None
    watermark: Watermark | None = None
    format: Annotated[Format, Allowed(f"one of {', '.join(get_args(Format))}")] = "auto"
    quality: Annotated[int | None, whole(1, 100)] = None
    lossless: Annotated[bool, FLAG] = False
    progressive: Annotated[bool, FLAG] = True
    effort: Annotated[int | None, whole(0, 9)] = None
    animated: Annotated[bool, FLAG] = True
    metadata: Annotated[Literal["none", "copyright"], Allowed("none or copyright")] = "none"
    max_bytes: Annotated[int | None, whole(1024, 52_428_800)] = None

    @field_validator("dpr")
    @classmethod
    def _bounded(cls, dpr: float, info: ValidationInfo) -> float:
        for side in ("width", "height"):
            if (info.data.get(side) or 0) * dpr > MAX_SIDE:
                raise refusal(f"makes the {side} larger than {MAX_SIDE} pixels")
        return dpr

    @field_validator("fit")
    @classmethod
    def _not_too_many(cls, fit: str, info: ValidationInfo) -> str:
        width, height = info.data.get("width") or 0, info.data.get("height") or 0
        pixels = width * height * info.data.get("dpr", 1.0) ** 2
        if fit in ("cover", "pad", "squeeze") and pixels > MAX_PIXELS:
            raise refusal(f"makes more than {MAX_PIXELS} pixels of this width and height")
        return fit

    @field_validator("rotate", "hue")
    @classmethod
    def _once_around(cls, degrees: float) -> float:
        return rounded(degrees % 360)

    @field_validator("lossless")
    @classmethod
    def _possible(cls, lossless: bool, info: ValidationInfo) -> bool:
        if lossless and info.data.get("format") == "jpeg":
            raise refusal("can't be had from jpeg: choose png, webp or avif")
        return lossless

    @model_serializer(mode="wrap")
    def _shortest(self, serialize: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Without defaults; an option that is null for none has no other default."""
        fields = type(self).model_fields
        return {n: v for n, v in serialize(self).items() if getattr(self, n) != fields[n].default}

    def canonical(self) -> str:
        """The one text of this transformation: options sorted, defaults left out."""
        options = self.model_dump(mode="json")
        return ",".join(f"{name}={_text(options[name])}" for name in sorted(options))

    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever the canonical text differs."""
        return sha256(self.canonical().encode()).hexdigest()[:16]


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.4f}".rstrip("0").rstrip(".")
        case list():
            return ":".join(map(_text, value))
        case dict():
            return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return str(value)
