"""Images as clients see and change them."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from safelight.contract.messages import Event
from safelight.image_app.images.grams import fold
from safelight.image_app.images.times import first_after, last_before
from safelight.image_app.schemas import (
    ONE_LINE,
    STORABLE,
    Answer,
    Body,
    Id,
    Time,
    one_line,
    storable,
)

MAX_NAME = 255
MAX_TAGS = 50
MAX_TAG = 64


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _unique(tags: list[str]) -> list[str]:
    """Tags that differ only in case are one; the first spelling stays."""
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.casefold(), tag)
    return list(first.values())


Name = Annotated[
    str,
    Field(min_length=1, max_length=MAX_NAME),
    BeforeValidator(_trim),
    AfterValidator(one_line),
    ONE_LINE,
]
Description = Annotated[str, Field(max_length=2000), AfterValidator(storable), STORABLE]
Tag = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TAG),
    BeforeValidator(_trim),
    AfterValidator(one_line),
    ONE_LINE,
]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_unique)]
Visibility = Literal["private", "public"]
Status = Literal["processing", "ready", "failed"]
ContentType = Literal[
    "image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/tiff"
]
Sort = Literal["-created_at", "created_at", "name", "-name", "size", "-size"]


def _searchable(text: str) -> str:
    one_line(text.translate({ord(c): " " for c in "\t\r\n"}))
    return fold(text)


Searched = Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_searchable)]
SearchedTags = Annotated[
    list[Annotated[Tag, AfterValidator(fold)]],
    Field(max_length=MAX_TAGS),
    AfterValidator(lambda tags: sorted(set(tags))),
]
After = Annotated[datetime, BeforeValidator(first_after)]
Before = Annotated[datetime, BeforeValidator(last_before)]


class UploadFields(Body):
    """What a form may say beside its file."""

    name: Name | None = None
    description: Description = ""
    tags: Tags = []
    visibility: Visibility = "private"
    presets: Annotated[list[str], Field(json_schema_extra={"examples": [["thumb"]]})] = []


def _told_without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)
    schema["examples"] = [{"name": "harbour.jpg", "tags": ["sea", "evening"]}]


class ImagePatch(Body):
    """Changes to an image; what is absent stays."""

    model_config = ConfigDict(json_schema_extra=_told_without_defaults)

    name: Name = ""
    description: Description | None = None
    tags: Tags = []
    visibility: Visibility = "private"

    def changes(self) -> dict[str, Any]:
        """Only what was sent, by column."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        if "description" in values:
            values["description"] = values["description"] or ""
        return values


class ListParameters(BaseModel):
    """Which page of which list. Texts are folded."""

    model_config = ConfigDict(frozen=True)

    limit: int = 50
    cursor: str | None = None
    q: str = ""
    tags: list[str] = []
    status: Status | None = None
    content_type: ContentType | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    sort: Sort = "-created_at"

    def question(self) -> str:
        """What a cursor belongs to: all but where a page begins and ends."""
        asked = self.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_defaults=True)
        return json.dumps(asked, sort_keys=True)


class Fault(Answer):
    """What is wrong with a picture, in words its owner understands."""

    code: str
    detail: str


class Variant(Answer):
    """A picture made from the original."""

    name: str
    status: Literal["pending", "ready", "failed"]
    content_type: str | None
    width: int | None
    height: int | None
    size: int | None
    url: str
    error: Fault | None


class Image(Answer):
    """A picture and what is known of it."""

    id: Id
    name: str
    description: str
    tags: list[str]
    visibility: Visibility
    status: Status
    error: Fault | None
    version: int
    content_type: str
    size: int
    width: int | None
    height: int | None
    resolution: str | None
    sha256: str
    path: str
    placeholder: str | None
    dominant_color: str | None
    taken_at: Time | None
    created_at: Time
    updated_at: Time
    url: str
    variants: list[Variant]


class ImageList(Answer):
    """One page of images."""

    items: list[Image]
    next_cursor: str | None


class History(Answer):
    """What happened to an image, oldest first."""

    items: list[Event]
