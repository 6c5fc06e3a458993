"""Reading, changing and deleting images."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app import clock, errors
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.images import queries, views
from safelight.image_app.images.schemas import Image, ImageList, ImagePatch, ListParameters
from safelight.image_app.living import require_living
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources
from safelight.image_app.work import Work, begin


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


LONGEST_QUESTION = 500


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
        await require_living(resources, account_id)
        found = await queries.shown(resources.database, image_id, account_id)
        if found is None:
            raise errors.IMAGE_NOT_FOUND()
        image = views.image_of(*found, resources.links, clock.now())
        reply = _reply(image)
        await resources.answers.keep(account_id, image_id, ticket, reply.packed())
        return reply
    return Reply.unpacked(body)


async def list_images(
    resources: Resources, account_id: str, wanted: ListParameters, query: bytes
) -> Reply:
    """One page, newest first; raises `unauthenticated`, `bad-cursor`. It is kept as the answer to
    `query`.
    """
    question = f"list:{account_id}"
    after = _position(resources, question, wanted.cursor) if wanted.cursor else None
    asked = list_question(query)
    packed, ticket = await resources.answers.get(account_id, asked)
    if packed is not None:
        return Reply.unpacked(packed)
    await require_living(resources, account_id)
    async with resources.database.reading() as connection:
        rows = await queries.page(connection, account_id, wanted.limit + 1, after)
        shown = rows[: wanted.limit]
        items = await _views(resources, connection, shown)
    cursor = ""
    if len(rows) > wanted.limit:
        last = shown[-1]
        cursor = resources.cursors.pack(question, [last.created_at.isoformat(), last.id])
    body = ImageList(items=items, next_cursor=cursor or None).to_json()
    link = f'</v1/images?limit={wanted.limit}&cursor={cursor}>; rel="next"' if cursor else ""
    reply = Reply(body, _etag("list", body), link)
    if len(asked) <= LONGEST_QUESTION:
        await resources.answers.keep(account_id, asked, ticket, reply.packed())
    return reply


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
            await work.tell("image.updated", account_id, image_id, {"version": version})
            work.change(account_id)
        return await reply_of(resources, work.connection, account_id, image_id)


async def reply_of(
    resources: Resources, connection: AsyncConnection, account_id: str, image_id: str
) -> Reply:
    """The image as the caller's transaction leaves it; raises `image-not-found`."""
    row = _require_version(await queries.find(connection, image_id, account_id), None)
    [image] = await _views(resources, connection, [row])
    return _reply(image)


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
) -> list[Image]:
    now = clock.now()
    variants = await queries.variants_of(connection, [row.id for row in rows])
    return [views.image_of(row, variants[row.id], resources.links, now) for row in rows]


def _position(resources: Resources, question: str, cursor: str) -> tuple[datetime, str]:
    created_at, image_id = resources.cursors.open(question, cursor)
    return datetime.fromisoformat(created_at), image_id


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


def _reply(image: Image) -> Reply:
    body = image.to_json()
    return Reply(body, _etag(str(image.version), body))


def _etag(prefix: str, body: bytes) -> str:
    return f'"{prefix}-{sha256(body).hexdigest()[:16]}"'
