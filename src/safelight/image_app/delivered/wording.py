"""Transformations as they stand in the path of a link."""

import base64
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from safelight.contract import transformation_text
from safelight.contract.transformation_text import LONGEST
from safelight.contract.transformations import Transformation
from safelight.image_app import errors
from safelight.image_app.errors import FieldError, Problem
from safelight.image_app.schemas import field_errors

OPAQUE = "~"
"""Begins what is not for people to read: the whole transformation, watermark and all."""
LONGEST_OPAQUE = 8192
NOTHING = "format=auto"
"""How a transformation that does nothing is told from a name."""
WHOLE = "transformation"
"""What is wrong where no option can be named."""
UNREADABLE = "can't be read: take the link as the API made it"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was read: a whole transformation, or options that may change a preset."""

    preset: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    whole: Transformation | None = None

    def on_top_of(self, preset: Transformation | None) -> Transformation:
        """The transformation; raises `validation-failed`, which names the option."""
        if self.whole is not None:
            return self.whole
        try:
            return transformation_text.transformation(self.options, preset)
        except ValidationError as error:
            raise _refusal(error) from None


def is_transformation(what: str) -> bool:
    """Whether it is meant as one; anything else is a name."""
    return what.startswith(OPAQUE) or transformation_text.is_text(what)


def write(wanted: Transformation) -> str:
    """For the path of a link: readable where possible."""
    text = transformation_text.write(wanted) or NOTHING
    if wanted.watermark is None and len(text) <= LONGEST:
        return text
    return OPAQUE + base64.urlsafe_b64encode(wanted.model_dump_json().encode()).decode().rstrip("=")


def read(what: str) -> Wish:
    """The other way round; raises `validation-failed`, which names the option."""
    try:
        if what.startswith(OPAQUE):
            return Wish(whole=_decoded(what))
        if len(what) > LONGEST:
            raise refused(WHOLE, f"has more than {LONGEST} characters: use a preset or a link")
        preset, options = transformation_text.read(what)
    except ValidationError as error:
        raise _refusal(error) from None
    return Wish(preset, options)


def refused(name: str, words: str) -> Problem:
    return errors.VALIDATION_FAILED(errors=[FieldError(name, words)])


def _decoded(what: str) -> Transformation:
    digits = what.removeprefix(OPAQUE)
    padded = digits + "=" * (-len(digits) % 4)
    try:
        document = base64.b64decode(padded[:LONGEST_OPAQUE], altchars=b"-_", validate=True)
    except ValueError:
        raise refused(WHOLE, UNREADABLE) from None
    return Transformation.model_validate_json(document)


def _refusal(error: ValidationError) -> Problem:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(e["type"] == "json_invalid" for e in found):
        return refused(WHOLE, UNREADABLE)
    wrong = field_errors(found)
    return errors.VALIDATION_FAILED(
        errors=[FieldError(WHOLE if e.field == "body" else e.field, e.message) for e in wrong]
    )
