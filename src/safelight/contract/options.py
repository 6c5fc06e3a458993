"""What the options of a transformation are made of: ranges, normal forms, words for a refusal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema
from pydantic_extra_types.color import COLORS_BY_NAME

CLEAR = "transparent"
NAMES = COLORS_BY_NAME | {"rebeccapurple": (102, 51, 153)}
"""The library has those of SVG; CSS has one more."""
HEX_DIGITS = frozenset("0123456789abcdef")
DECIMALS = 4
"""Numbers are taken to four decimals, so that equal work has one text."""
REFUSED = "option"
"""The type of a refusal in our own words, which says what is allowed."""


def refusal(words: str) -> PydanticCustomError:
    """What a validator raises: `words` follow the name of the option."""
    return PydanticCustomError(REFUSED, "{words}", {"words": words})


@dataclass(frozen=True, slots=True)
class Allowed:
    """Beside the type of an option: whatever is wrong with a value, the refusal says what is
    allowed. `least` and `most` bound numbers, which are never NaN or infinite. `form` is the JSON
    schema where the type tells too little.
    """

    words: str
    least: float | None = None
    most: float | None = None
    form: dict[str, Any] | None = None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._told, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        described = (self.form or handler(schema)) | {"description": self.words}
        if self.form is not None:
            return described
        for kind in described.get("anyOf", [described]):
            if kind.get("type") in ("integer", "number") and self.least is not None:
                kind |= {"minimum": self.least, "maximum": self.most}
        return described

    def _told(self, value: Any, validate: Callable[[Any], Any]) -> Any:
        try:
            value = validate(value)
        except ValidationError as error:
            [first, *_] = error.errors(include_url=False)
            told = first["msg"] if first["type"] == REFUSED else f"must be {self.words}"
            raise refusal(told) from None
        if isinstance(value, int | float) and self.least is not None and self.most is not None:
            if not self.least <= value <= self.most:  # so neither is NaN
                raise refusal(f"must be {self.words}")
            return rounded(value) if isinstance(value, float) else value
        return value


def whole(least: int, most: int, unit: str = "") -> Allowed:
    """A whole number within these bounds."""
    return Allowed(f"a whole number from {least} to {most}{unit}", least, most)


def number(least: float, most: float, unit: str = "") -> Allowed:
    """A number within these bounds, taken to four decimals."""
    return Allowed(f"a number from {least:g} to {most:g}{unit}", least, most)


FLAG = Allowed("true or false")


def rounded(value: float) -> float:
    return round(value, DECIMALS) + 0.0  # no minus zero


def colour(value: str) -> str:
    """The one text of a colour: six hexadecimal digits, eight with alpha, or `transparent`.

    Takes hex of 3, 4, 6 or 8 digits, with or without `#`, and the names of CSS.
    """
    text = value.strip().lower()
    if text == CLEAR:
        return CLEAR
    if text in NAMES:
        return bytes(NAMES[text]).hex()
    digits = text.removeprefix("#")
    if len(digits) not in (3, 4, 6, 8) or not HEX_DIGITS.issuperset(digits):
        raise refusal("must be a colour: hex of 3, 4, 6 or 8 digits, a CSS name, or transparent")
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    if digits[6:] == "00":
        return CLEAR
    return digits[:6] if digits[6:] == "ff" else digits


def levels(canonical: str) -> tuple[int, int, int, int]:
    """Red, green, blue and alpha from 0 to 255, of a colour as `colour` writes it."""
    if canonical == CLEAR:
        return 0, 0, 0, 0
    red, green, blue, *alpha = bytes.fromhex(canonical)
    return red, green, blue, (alpha or [255])[0]


NONE = {"type": "null"}
COLOUR_FORM = {
    "type": "string",
    "pattern": "^(#?([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|"
    + "|".join(sorted((*NAMES, CLEAR)))
    + ")$",
}
Colour = Annotated[
    str | None,
    AfterValidator(lambda value: value if value is None else colour(value)),
    Allowed(
        "a colour: hex of 3, 4, 6 or 8 digits, a CSS name, or transparent",
        form={"anyOf": [COLOUR_FORM, NONE]},
    ),
]
"""As `colour` writes it."""
Compass = Literal[
    "center",
    "north",
    "northeast",
    "east",
    "southeast",
    "south",
    "southwest",
    "west",
    "northwest",
]
Point = Annotated[
    tuple[float, float],
    Field(strict=False),
    AfterValidator(lambda point: (rounded(point[0]), rounded(point[1]))),
]
"""Parts of the width and height, from the left and the top."""
COMPASS = ", ".join(get_args(Compass))
PART = {"type": "number", "minimum": 0, "maximum": 1}


def row(*kinds: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of an array of just these."""
    count = len(kinds)
    return {"type": "array", "prefixItems": list(kinds), "minItems": count, "maxItems": count}


def either(one: str, other: str) -> dict[str, Any]:
    """The schema of an object that has exactly one of two fields, the other absent or null."""
    given: dict[str, Any] = {"not": NONE}
    return {
        "if": {"required": [one], "properties": {one: given}},
        "then": {"properties": {other: NONE}},
        "else": {"required": [other], "properties": {other: given}},
    }


POINT_FORM = row(PART, PART)
POINT = "a point [x, y] of numbers from 0 to 1"


def point(value: Any) -> Any:
    """Raise for a point that lies outside; anything else is not judged here."""
    if isinstance(value, tuple) and not all(0 <= part <= 1 for part in value):
        raise refusal(f"must be {POINT}, or a word")
    return value
