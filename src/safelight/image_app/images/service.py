"""Reading, changing and deleting images."""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.contract.messages import Event
from safelight.image_app import clock, errors
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.images import finding, queries, views
from safelight.image_app.images.schemas import (
    History,
    ImagePatch,
    ListParameters,
)
from safelight.image_app.living import require_living
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources
from safelight.image_app.work import Work, begin

SEARCHED = {"name", "description", "tags"}


class Reply(NamedTuple):
    """A ready body and its strong entity tag."""

    body: bytes
    etag: str
    link: str = ""
    """Where the next page is."""

    def packed(self) -> bytes:
        """As one text, for the cache."""
        return b"%s\n%s\n%s" % (self.etag.encode(), self.link.encode(), self.body)

    @classmethod
    def unpacked(cls, packed: bytes) -> "Reply":
        etag, link, body = packed.split(b"\n", 2)
        return cls(body, etag.decode(), link.decode())


LONGEST_QUERY = 500


def list_question(query: bytes) -> str:
    """What names a page in the cache: just what the client asked, word for word."""
    return f"list?{query.decode('latin-1')}"


async def cached(resources: Resources, account_id: str, question: str) -> Reply | None:
    """An answer that the cache has."""
    packed, _ = await resources.answers.get(account_id, question)
    return Reply.unpacked(packed) if packed else None


async def get_image(resources: Resources, account_id: str, image_id: str) -> Reply:
    """One image; raises `unauthenticated`, `image-not-found`.

    A cached answer proves that the account is there: its deletion forgets all of them.
    """
    body, ticket = await resources.answers.get(account_id, image_id)
    if body is None:
        found = await queries.shown(resources.database, image_id, account_id)
        if found is None:
            await require_living(resources, account_id)
            raise errors.IMAGE_NOT_FOUND()
        image = views.image_of(image_id, account_id, *found, resources.links, clock.now())
        reply = reply_with(image)
        await resources.answers.keep(account_id, image_id, ticket, reply.packed())
        return reply
    return Reply.unpacked(body)


async def list_images(
    resources: Resources,
    account_id: str,
    wanted: ListParameters,
    query: bytes,
    following: Callable[[str], str],
) -> Reply:
    """One page, kept as the answer to `query`; `following` makes the address of the page at a
    cursor. Raises `unauthenticated`, `bad-cursor`.
    """
    bound = f"list:{account_id}:{wanted.question()}"
    after = _position(resources, bound, wanted) if wanted.cursor is not None else None
    asked = list_question(query)
    packed, ticket = await resources.answers.get(account_id, asked)
    if packed is not None:
        return Reply.unpacked(packed)
    await require_living(resources, account_id)
    async with resources.database.reading() as connection:
        rows = await finding.page(connection, account_id, wanted, after, wanted.limit + 1)
        shown = rows[: wanted.limit]
        items = await _views(resources, connection, shown)
    cursor = link = ""
    if len(rows) > wanted.limit:
        key, image_id = finding.position(shown[-1], wanted.sort)
        place = key.isoformat() if isinstance(key, datetime) else str(key)
        cursor = resources.cursors.pack(bound, [place, image_id])
        link = f'<{following(cursor)}>; rel="next"'
    body = to_json({"items": items, "next_cursor": cursor or None})
    reply = Reply(body, _etag("list", body), link)
    if len(query) <= LONGEST_QUERY:
        await resources.answers.keep(account_id, asked, ticket, reply.packed())
    return reply


async def history_of(resources: Resources, account_id: str, image_id: str) -> bytes:
    """What happened to the image, as it was told; raises `image-not-found`."""
    async with resources.database.reading() as connection:
        if await queries.find(connection, image_id, account_id) is None:
            raise errors.IMAGE_NOT_FOUND()
        rows = await queries.history(connection, image_id)
    told = [
        Event(id=row.id, type=row.type, subject=image_id, time=row.time, data=row.data)
        for row in rows
    ]
    return History(items=told).to_json()


async def check_version(
    resources: Resources, account_id: str, image_id: str, if_match: str | None
) -> None:
    """Raises `image-not-found`, `version-mismatch` before a change's body is read."""
    async with resources.database.reading() as connection:
        row = await queries.find(connection, image_id, account_id)
    _require_version(row, if_match)


async def change_image(
    resources: Resources, account_id: str, image_id: str, patch: ImagePatch, if_match: str | None
) -> Reply:
    """Change what the patch names; raises `image-not-found`, `version-mismatch`.

    The reply is the image as this change left it, whoever changes it next.
    """
    async with begin(resources) as work:
        row = _require_version(
            await queries.find(work.connection, image_id, account_id, lock=True), if_match
        )
        changes = {k: v for k, v in patch.changes().items() if getattr(row, k) != v}
        if changes:
            version = row.version + 1
            await queries.change(
                work.connection, image_id, version=version, updated_at=clock.now(), **changes
            )
            if SEARCHED & changes.keys():
                await queries.index(work.connection, row._asdict() | changes)
            await work.tell("image.updated", account_id, image_id, {"version": version})
            work.change(account_id)
        return await reply_of(resources, work.connection, account_id, image_id)


async def reply_of(
    resources: Resources, connection: AsyncConnection, account_id: str, image_id: str
) -> Reply:
    """The image as the caller's transaction leaves it; raises `image-not-found`."""
    row = _require_version(await queries.find(connection, image_id, account_id), None)
    [image] = await _views(resources, connection, [row])
    return reply_with(image)


def reply_with(image: views.Json) -> Reply:
    """The image as it is shown."""
    body = to_json(image)
    return Reply(body, _etag(str(image["version"]), body))


async def delete_image(resources: Resources, account_id: str, image_id: str) -> None:
    """Gone for everyone at once; its bytes go with the promise. Raises `image-not-found`."""
    async with begin(resources) as work:
        row = await queries.find(work.connection, image_id, account_id, lock=True)
        if row is None:
            raise errors.IMAGE_NOT_FOUND()
        await bury(work, [row])


async def bury(work: Work, rows: Sequence[Found]) -> None:
    """Tombstones in the place of an account's images that are locked, and the promise to erase
    them.
    """
    account_id = rows[0].account_id
    await queries.bury(work.connection, [row.id for row in rows], clock.now())
    size = sum(row.size for row in rows)
    await accounts.add_usage(work.connection, account_id, -len(rows), -size)
    await work.tell_of_all("image.deleted", account_id, {row.id: {} for row in rows})
    work.change(account_id)


async def _views(
    resources: Resources, connection: AsyncConnection, rows: Sequence[Found]
) -> list[views.Json]:
    now = clock.now()
    variants = await queries.variants_of(connection, [row.id for row in rows])
    return [
        views.image_of(row.id, row.account_id, row, variants[row.id], resources.links, now)
        for row in rows
    ]


def _position(resources: Resources, bound: str, wanted: ListParameters) -> tuple[Any, str]:
    place, image_id = resources.cursors.open(bound, wanted.cursor or "")
    match wanted.sort.removeprefix("-"):
        case "created_at":
            return datetime.fromisoformat(place), image_id
        case "size":
            return int(place), image_id
    return place, image_id


def _require_version(row: Found | None, if_match: str | None) -> Found:
    """The row, when there is one and `If-Match` names its version.

    A tag is the version and a digest of the body, whose links change by the hour and whose
    status changes by itself: only what a client may edit has to match.
    """
    if row is None:
        raise errors.IMAGE_NOT_FOUND()
    if if_match is not None and if_match.strip() != "*":
        versions = {tag.strip().strip('"').partition("-")[0] for tag in if_match.split(",")}
        if str(row.version) not in versions:
            raise errors.VERSION_MISMATCH()
    return row


def _etag(prefix: str, body: bytes) -> str:
    return f'"{prefix}-{sha256(body).hexdigest()[:16]}"'
