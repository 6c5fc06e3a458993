"""What the processor and a decoder child say to each other: a line of JSON each.

Pictures travel by file descriptor: a request comes with one to read the original from, one to
write the variants to, one behind the other in the order of the answers, and one for each overlay.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from safelight.contract.messages import Description, Fault, Overlay, WantedVariant, Whole

MOST_OVERLAYS = 16
"""Other pictures that come with one request; the kernel and the child's limit take more."""
ContentType = Literal[
    "image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/tiff"
]
"""Everything that a variant can be."""
NOT_MADE = Fault(
    code="variant-failed", detail="The picture can be opened, but this could not be made of it."
)


class Line(BaseModel):
    """Base of all lines."""

    model_config = ConfigDict(frozen=True)


class Request(Line):
    """Open this picture and make these variants. Limits in pixels and frames.

    Without `describe` the answer has no description, which a waiting client has no use for.
    """

    content_type: str
    wanted: list[WantedVariant]
    overlays: list[Overlay] = []
    describe: bool = True
    max_side: int
    max_pixels: int
    max_frames: int
    max_total_pixels: int


class Ready(Line):
    """The child has warmed up and is locked in: by each lock "", or why it does not hold."""

    kind: Literal["ready"] = "ready"
    locks: dict[str, str] = {}


class Opened(Line):
    """The picture is decoded."""

    kind: Literal["opened"] = "opened"


class Making(Line):
    """What this variant is made from is read; from here on it is the variant that is to blame."""

    kind: Literal["making"] = "making"
    name: str


class Made(Line):
    """One variant: `size` bytes of the output, or why it could not be made."""

    kind: Literal["made"] = "made"
    name: str
    content_type: ContentType | None = None
    width: Whole = 0
    height: Whole = 0
    size: Whole = 0
    error: Fault | None = None
    log: str = ""


class Done(Line):
    """All variants are made."""

    kind: Literal["done"] = "done"
    description: Description | None = None


class Refused(Line):
    """The picture can't be opened. `log` has the library's own words, never for the owner."""

    kind: Literal["refused"] = "refused"
    error: Fault
    log: str = ""


class Broken(Line):
    """There is a mistake in the child's program, of which it dies; `log` has where."""

    kind: Literal["broken"] = "broken"
    log: str


Answer = Annotated[
    Ready | Opened | Making | Made | Done | Refused | Broken, Field(discriminator="kind")
]
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)
END = b"\n"
