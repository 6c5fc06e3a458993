"""Transformations as they stand in a URL: `width=300,fit=cover,crop=10:20:300:200`."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails

from safelight.contract.options import refusal
from safelight.contract.transformations import Transformation

SHORT = {
    "w": "width",
    "h": "height",
    "q": "quality",
    "f": "format",
    "g": "gravity",
    "p": "preset",
}
"""The short forms; everything that is stored or signed has the long ones."""
PRESET = "preset"
"""Not an option of its own: the preset that the other options change."""
LONGEST = 1024
IN_JSON_ONLY = "can't be written in a URL: use a preset, or a link made by the API"
WORDS = (PRESET, "fit", "gravity", "flip", "tint", "background", "format", "metadata")
"""Options whose values are text whatever they look like: `background=000` is a colour."""
BOOLEANS = {"true": True, "false": False}


def is_text(what: str) -> bool:
    """Whether it is meant as a transformation: no name contains an equals sign."""
    return "=" in what


def read(text: str) -> tuple[str | None, dict[str, Any]]:
    """The name of the preset to begin with, if there is one, and the options by their long names.

    Raises pydantic.ValidationError, which names the option.
    """
    given: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        name = SHORT.get(name, name)
        if not equals or not name:
            raise _refused(name or "transformation", "must be written as option=value")
        if name in given:
            raise _refused(name, "is given more than once")
        if name == "watermark":
            raise _refused(name, IN_JSON_ONLY)
        given[name] = _value(name, value)
    return given.pop(PRESET, None), given


def transformation(
    options: Mapping[str, Any], preset: Transformation | None = None
) -> Transformation:
    """The transformation of these options, on top of a preset's if there is one.

    Raises pydantic.ValidationError, which names the option.
    """
    begun = preset.model_dump() if preset else {}
    return Transformation.model_validate(begun | dict(options))


def write(wanted: Transformation) -> str:
    """The text of a transformation without a watermark; "" when it does nothing."""
    return wanted.canonical()


def _value(name: str, text: str) -> Any:
    """What JSON would have, as far as the text tells; the option itself judges it."""
    if name in ("crop", "pad") or (name == "gravity" and ":" in text):
        return [_number(part) for part in text.split(":")]
    if name in WORDS:
        return text
    return BOOLEANS.get(text, _number(text))


def _number(text: str) -> int | float | str:
    """Digits as JSON has them: no signs of plus, spaces, underscores or words."""
    if text.removeprefix("-").replace(".", "", 1).isdigit() and text.isascii():
        return float(text) if "." in text else int(text)
    return text


def _refused(name: str, words: str) -> ValidationError:
    details = InitErrorDetails(type=refusal(words), loc=(name,), input=None)
    return ValidationError.from_exception_data(BaseModel.__name__, [details])
