"""Which bytes somebody may have, and where they are."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from safelight.backends.objects import Objects
from safelight.contract import keys
from safelight.contract.presets import BUILT_IN
from safelight.image_app import clock, errors
from safelight.image_app.delivered import queries, ranges, rendering, wanted
from safelight.image_app.delivered.caching import VARY, caching, varying
from safelight.image_app.delivered.negotiation import Picture, settle
from safelight.image_app.delivered.wording import is_transformation
from safelight.image_app.links import ORIGINAL, fingerprint_of
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, and on what ground; at most one of the grounds is there."""

    image_id: str
    what: str
    path: str
    account_id: str | None
    expires: str | None
    signature: str | None
    fingerprint: str | None
    accept: str


@dataclass(frozen=True, slots=True)
class Deliverable:
    """An object and the headers it goes out with."""

    key: str
    size: int
    content_type: str
    name: str
    """What its bytes are of; with their size it tells them from others."""
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return f'"{self.name}-{self.size}"'


@dataclass(frozen=True, slots=True)
class Opened:
    """A deliverable whose bytes are on their way; `part` is the range of them, if not all."""

    found: Deliverable
    part: range | None
    chunks: AsyncIterator[bytes]


async def permitted(resources: Resources, asked: Asked) -> Found:
    """The image of which this may be delivered; raises `bad-signature`, `link-expired`,
    `unauthenticated`, `image-not-found`.

    A signature is judged before anything is looked up. Without any ground, what is not public
    and what does not exist are told apart by nothing.
    """
    signed = asked.signature is not None or asked.expires is not None
    if signed:
        _check_signature(resources, asked)
    row = None
    if keys.is_id(asked.image_id):
        async with resources.database.reading() as connection:
            row = await queries.find(connection, asked.image_id, asked.what)
    if not signed and not (row is not None and _public(row, asked.what)):
        if asked.account_id is None:
            raise errors.UNAUTHENTICATED()
        row = row if row is not None and row.account_id == asked.account_id else None
    if row is None:
        raise errors.IMAGE_NOT_FOUND()
    return row


async def find(resources: Resources, asked: Asked, row: Found) -> Deliverable:
    """What is delivered of an image of which it is permitted, found or made now; raises what is
    left of the failures of "Delivered bytes" in the contract.
    """
    if is_transformation(asked.what):
        return await _transformed(resources, row, asked)
    return _original(row, asked) if asked.what == ORIGINAL else _variant(row, asked)


async def opened(
    objects: Objects, found: Deliverable, wanted: str | None, if_range: str | None
) -> Opened:
    """Its bytes, or the range that is wanted, and what they are of.

    A job that makes a variant anew replaces the object before its row is written, and the same
    work may have another size: what counts is the object that was opened. Raises
    `range-not-satisfiable`, FileNotFoundError, StoreUnavailable.
    """
    while True:
        part = ranges.part_of(found.size, wanted, if_range, found.etag)
        sent = part or range(found.size)
        there = await objects.part(found.key, sent.start, sent.stop)
        if there.size == found.size:
            return Opened(found, part, there.chunks)
        found = replace(found, size=there.size)


def _public(row: Found, what: str) -> bool:
    """Whether anyone may have it: of a public image what a preset has made, or would have."""
    if row.visibility != "public":
        return False
    made_by_preset = row.preset_version is not None
    if what in BUILT_IN:
        return made_by_preset or row.variant_status is None
    return made_by_preset and row.own_preset is not None


def _check_signature(resources: Resources, asked: Asked) -> None:
    expires = asked.expires or ""
    if not resources.links.genuine(asked.path, expires, asked.signature or ""):
        raise errors.BAD_SIGNATURE()
    if int(expires) <= clock.now().timestamp():
        raise errors.LINK_EXPIRED()


def _original(row: Found, asked: Asked) -> Deliverable:
    headers = _caching(row, asked, fingerprint_of(row.sha256))
    headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name, safe='')}"
    return Deliverable(
        key=keys.original(row.account_id, row.id),
        size=row.size,
        content_type=row.content_type,
        name=row.sha256[:32],
        headers=headers,
    )


def _variant(row: Found, asked: Asked) -> Deliverable:
    if row.variant_status is None:
        raise errors.VARIANT_NOT_FOUND()
    if row.variant_status == "pending":
        raise errors.VARIANT_NOT_READY()
    if row.variant_status == "failed":
        raise errors.VARIANT_FAILED(row.variant_error or "")
    headers = _caching(row, asked, row.fingerprint)
    headers["Content-Disposition"] = "inline"
    return Deliverable(
        key=keys.variant(row.account_id, row.id, row.fingerprint, row.sha256),
        size=row.variant_size,
        content_type=row.variant_content_type,
        name=f"{row.fingerprint}-{fingerprint_of(row.sha256)}",
        headers=headers,
    )


async def _transformed(resources: Resources, row: Found, asked: Asked) -> Deliverable:
    if row.status == "failed":
        raise errors.VARIANT_FAILED(row.error_detail or "")
    transformation = await wanted.read(resources, row, asked.what)
    with varying(varies := transformation.format == "auto"):
        picture = Picture(row.content_type, row.frames, row.has_alpha)
        concrete = settle(transformation, asked.accept, picture)
        made = await rendering.made(resources, row, concrete)
    headers = _caching(row, asked, transformation.fingerprint())
    headers |= {"Content-Disposition": "inline"} | (VARY if varies else {})
    headers |= made.taken.headers() if made.taken else {}
    return Deliverable(
        key=keys.variant(row.account_id, row.id, made.fingerprint, row.sha256),
        size=made.size,
        content_type=made.content_type,
        name=f"{made.fingerprint}-{fingerprint_of(row.sha256)}",
        headers=headers,
    )


def _caching(row: Found, asked: Asked, fingerprint: str) -> dict[str, str]:
    named = asked.fingerprint == fingerprint
    return caching(_public(row, asked.what), asked.expires if named else None)
