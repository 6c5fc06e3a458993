"""The vocabulary of what can be done to pixels, with its canonical text and fingerprint."""

from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_SIDE = 8192
"""Largest side of a result, in pixels."""

Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]


class Transformation(BaseModel):
    """What to do to a picture; described, never ordered by the caller.

    An option that is not listed is refused, also in a job: a processor that overlooked one
    would store wrong pixels under the right name.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    width: Side | None = None
    height: Side | None = None
    fit: Literal["scale-down", "cover"] = "scale-down"
    gravity: Literal["center", "attention"] = "center"
    grayscale: bool = False
    format: Literal["auto", "jpeg", "webp"] = "auto"

    def canonical(self) -> str:
        """The one text of this transformation: options sorted, defaults left out."""
        options = self.model_dump(exclude_defaults=True)
        return ",".join(f"{name}={_text(options[name])}" for name in sorted(options))

    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever the canonical text differs."""
        return sha256(self.canonical().encode()).hexdigest()[:16]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
