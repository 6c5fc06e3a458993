"""Reading, changing and deleting images."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.contract.messages import Event
from safelight.image_app import clock, errors
from safelight.image_app.accounts import queries as accounts
from safelight.image_app.images import finding, queries, views
from safelight.image_app.images.schemas import (
    History,
    Image,
    ImageList,
    ImagePatch,
    ListParameters,
)
from safelight.image_app.models import Found
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin

SEARCHED = {"name", "description", "tags"}


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
    """One page, and the cursor of the next or ""; raises `bad-cursor`."""
    question = wanted.question()
    bound = f"list:{account_id}:{question}"
    after = _position(resources, bound, wanted) if wanted.cursor is not None else None
    asked = f"list:{sha256(question.encode()).hexdigest()}:{wanted.limit}:{wanted.cursor or ''}"
    body, ticket = await resources.answers.get(account_id, asked)
    if body is None:
        async with resources.database.reading() as connection:
            rows = await finding.page(connection, account_id, wanted, after, wanted.limit + 1)
            shown = rows[: wanted.limit]
            items = await _views(resources, connection, shown)
        cursor = ""
        if len(rows) > wanted.limit:
            key, image_id = finding.position(shown[-1], wanted.sort)
            place = key.isoformat() if isinstance(key, datetime) else str(key)
            cursor = resources.cursors.pack(bound, [place, image_id])
        page = ImageList(items=items, next_cursor=cursor or None)
        body = cursor.encode() + b"\n" + page.to_json()
        await resources.answers.keep(account_id, asked, ticket, body)
    next_cursor, _, body = body.partition(b"\n")
    return Reply(body, _etag("list", body)), next_cursor.decode()


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


def _with_version(image: Image) -> bytes:
    return f"{image.version}\n".encode() + image.to_json()


def _etag(prefix: str, body: bytes) -> str:
    return f'"{prefix}-{sha256(body).hexdigest()[:16]}"'
