"""What is laid over a picture: another picture of the account, or a line of text."""

from collections.abc import Callable
from typing import Annotated, Any, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_serializer,
    model_validator,
)

from safelight.contract.options import (
    COMPASS,
    FLAG,
    POINT,
    POINT_FORM,
    Allowed,
    Compass,
    Point,
    either,
    number,
    point,
    refusal,
)

ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
MOST_TEXT = 200
"""Characters of a text."""


def _one_line(text: str | None) -> str | None:
    if text is not None and (
        any(not character.isprintable() for character in text) or not text.strip()
    ):
        raise refusal("must be one line of printable characters")
    return text


class Watermark(BaseModel):
    """Exactly one of `image_id`, an image of the account's own, and `text`.

    `scale` is the largest part of the picture's width and height that it may take; `opacity` 1 is
    as it is; `tile` repeats it over the whole picture.
    """

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, json_schema_extra=either("image_id", "text")
    )

    image_id: Annotated[str | None, Field(pattern=ID), Allowed("the id of an image")] = None
    text: Annotated[
        str | None,
        Field(min_length=1, max_length=MOST_TEXT),
        AfterValidator(_one_line),
        Allowed(f"1 to {MOST_TEXT} printable characters in one line"),
    ] = None
    gravity: Annotated[
        Compass | Point,
        AfterValidator(point),
        Allowed(
            f"one of {COMPASS}, or {POINT}",
            form={"anyOf": [{"type": "string", "enum": [*get_args(Compass)]}, POINT_FORM]},
        ),
    ] = "southeast"
    scale: Annotated[float, number(0.01, 1)] = 0.25
    opacity: Annotated[float, number(0, 1)] = 1.0
    tile: Annotated[bool, FLAG] = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.image_id is None) == (self.text is None):
            raise refusal("must have either image_id or text")
        return self

    @model_serializer(mode="wrap")
    def _shortest(self, serialize: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        fields = type(self).model_fields
        return {n: v for n, v in serialize(self).items() if getattr(self, n) != fields[n].default}
