"""What every feature's schemas are made of."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

from safelight.image_app.errors import FieldError
from safelight.image_app.links import ORIGINAL

MAX_NAME = 32
_NAME = re.compile(rf"[a-z0-9-]{{1,{MAX_NAME}}}")


def storable(text: str) -> str:
    """Text as every database keeps it; raises ValueError."""
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    return text


def one_line(text: str) -> str:
    """Text without control characters; raises ValueError."""
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("must not contain control characters")
    return text


def variant_name(text: str) -> str:
    """The name of a preset or of a variant, as it stands in URLs; raises ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"must be 1 to {MAX_NAME} of the characters a-z, 0-9 and -")
    if text == ORIGINAL:
        raise ValueError(f"must not be {ORIGINAL}, which names the bytes as they came")
    return text


def is_variant_name(text: str) -> bool:
    """Whether anything could have this name."""
    return _NAME.fullmatch(text) is not None and text != ORIGINAL


def rfc3339(time: datetime) -> str:
    """As the contract writes times."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


STORABLE = Field(json_schema_extra={"pattern": r"^[^\x00]*$"})
"""Beside `storable`, `one_line` and `variant_name`: what they demand, for OpenAPI."""
ONE_LINE = Field(
    json_schema_extra={"pattern": r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"}
)
PLAIN_NAME: dict[str, Any] = {
    "pattern": f"^{_NAME.pattern}$",
    "not": {"const": ORIGINAL},
    "examples": ["banner"],
}
VariantName = Annotated[str, AfterValidator(variant_name), Field(json_schema_extra=PLAIN_NAME)]


class Body(BaseModel):
    """A body that a client sends: exact types, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Answer(BaseModel):
    """A body that a client gets."""

    model_config = ConfigDict(frozen=True)

    def to_json(self) -> bytes:
        return self.__pydantic_serializer__.to_json(self)


def field_errors(found: Sequence[ErrorDetails] | Sequence[Any]) -> list[FieldError]:
    """Pydantic's findings in the words of the contract: paths with dots, no library types."""
    return [FieldError(".".join(map(str, e["loc"])) or "body", _message(e)) for e in found]


def _message(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not known here"
    if error["type"] == "missing":
        return "is missing"
    return str(error["msg"]).removeprefix("Value error, ")


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a body that a route reads by itself, for OpenAPI, which keeps what it defines
    among its components.
    """
    return TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
