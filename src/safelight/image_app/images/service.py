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
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin


class Reply(NamedTuple):
    """A ready body and its strong entity tag."""

    body: bytes
    etag: str


async def get_image(resources: Resources, account_id: str, image_id: str) -> Reply:
    """One image; raises `image-not-found`."""
    body, ticket = await resources.answers.get(account_id, image_id)
    if body is None:
        async with resources.database.reading() as connection:
            row = await queries.find(connection, image_id, account_id)
            if row is None:
                raise errors.IMAGE_NOT_FOUND()
            [image] = await _views(resources, connection, [row])
        body = _with_version(image)
        await resources.answers.keep(account_id, image_id, ticket, body)
    version, _, body = body.partition(b"\n")
    return Reply(body, _etag(version.decode(), body))


async def list_images(
    resources: Resources, account_id: str, wanted: ListParameters
) -> tuple[Reply, str]:
    """One page, newest first, and the cursor of the next or ""; raises `bad-cursor`."""
    question = f"list:{account_id}"
    after = _position(resources, question, wanted.cursor) if wanted.cursor else None
    asked = f"list:{wanted.limit}:{wanted.cursor or ''}"
    body, ticket = await resources.answers.get(account_id, asked)
    if body is None:
        async with resources.database.reading() as connection:
            rows = await queries.page(connection, account_id, wanted.limit + 1, after)
            shown = rows[: wanted.limit]
            items = await _views(resources, connection, shown)
        cursor = ""
        if len(rows) > wanted.limit:
            last = shown[-1]
            cursor = resources.cursors.pack(question, [last.created_at.isoformat(), last.id])
        page = ImageList(items=items, next_cursor=cursor or None)
        body = cursor.encode() + b"\n" + page.to_json()
        await resources.answers.keep(account_id, asked, ticket, body)
    next_cursor, _, body = body.partition(b"\n")
    return Reply(body, _etag("list", body)), next_cursor.decode()


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
    return reply_with(image)


def reply_with(image: Image) -> Reply:
    """The image as it is shown."""
    body = image.to_json()
    return Reply(body, _etag(str(image.version), body))


async def delete_image(resources: Resources, account_id: str, image_id: str) -> None:
    """Gone for everyone at once; its bytes go with the promise. Raises `image-not-found`."""
    async with begin(resources) as work:
        row = await queries.find(work.connection, image_id, account_id, lock=True)
        if row is None:
            raise errors.IMAGE_NOT_FOUND()
        await queries.change(work.connection, image_id, status="failed", deleted_at=clock.now())
        await accounts.add_usage(work.connection, account_id, -1, -row.size)
        await work.tell("image.deleted", account_id, image_id, {})
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


def _with_version(image: Image) -> bytes:
    return f"{image.version}\n".encode() + image.to_json()


def _etag(prefix: str, body: bytes) -> str:
    return f'"{prefix}-{sha256(body).hexdigest()[:16]}"'
