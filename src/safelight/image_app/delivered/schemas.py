"""Links as clients ask for and get them."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from safelight.contract.options import either, whole
from safelight.contract.transformations import Transformation
from safelight.image_app.schemas import Answer, Body, Time

SHORTEST, LONGEST = 60, 7 * 24 * 3600
"""Seconds for which a link may hold."""


class LinkRequest(Body):
    """To what, and for how many seconds: exactly one of `variant` and `transformation`."""

    model_config = ConfigDict(
        json_schema_extra=either("variant", "transformation")
        | {"examples": [{"variant": "thumb", "expires_in": 3600}]}
    )

    variant: Annotated[
        str | None, Field(max_length=32, description="A variant's name, or `original`")
    ] = None
    transformation: Transformation | None = None
    expires_in: Annotated[int, whole(SHORTEST, LONGEST, " seconds")]

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.variant is None) == (self.transformation is None):
            raise ValueError("must have either variant or transformation")
        return self


class Link(Answer):
    """A link that needs no header, until it expires."""

    url: str
    expires_at: Time
