"""What every feature's schemas are made of."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, TypeAdapter
from pydantic_core import ErrorDetails

from safelight.image_app.errors import FieldError


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


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str)]


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
    """The schema of a body that a route reads by itself, for OpenAPI."""
    return TypeAdapter(model).json_schema()
