"""API keys as clients see them, and as they ask for them."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from safelight.image_app.credentials import Scope
from safelight.image_app.schemas import ONE_LINE, Answer, Body, Time, one_line

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _each_once(scopes: list[Scope]) -> list[Scope]:
    if len(set(scopes)) < len(scopes):
        raise ValueError("must name each scope once")
    return sorted(scopes)


def _named(name: str) -> str:
    if not name.strip():
        raise ValueError("must not be blank")
    return one_line(name).strip()


def _spelled(time: object) -> object:
    """Since a library would take `"4102444800"` for a time."""
    if not isinstance(time, str) or not _RFC_3339.fullmatch(time):
        raise ValueError("must be a time with its offset as 2026-11-23T08:00:00Z")
    return time


def _in_utc(time: datetime) -> datetime:
    """To the millisecond, as it is shown."""
    try:
        time = time.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time that there is in UTC") from None
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


Scopes = Annotated[
    list[Scope],
    Field(min_length=1, max_length=2, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_each_once),
]

ExpiryTime = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_spelled), AfterValidator(_in_utc)
]


class NewKey(Body):
    """What a key may do, and until when; for ever, unless that is said."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_named), ONE_LINE]
    scopes: Scopes
    expires_at: ExpiryTime | None = None


class Key(Answer):
    """An API key by what its owner knows it by; `hint` is how it begins."""

    id: str
    name: str
    scopes: list[Scope]
    hint: str
    created_at: Time
    expires_at: Time | None


class MadeKey(Key):
    """The same with the key itself, which is shown this once."""

    key: str


class KeyList(Answer):
    """All API keys of an account, oldest first; the expired ones too."""

    items: list[Key]
