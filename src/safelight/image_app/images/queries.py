"""Images, variants and uploads in the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Subquery, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.database import MEMBER, Database
from safelight.image_app.accounts.queries import of_closed
from safelight.image_app.images import grams
from safelight.image_app.models import (
    Found,
    events,
    image_grams,
    images,
    uploads,
    usage,
    variants,
)

SHOWN = (
    "image_id",
    "name",
    "fingerprint",
    "status",
    "content_type",
    "width",
    "height",
    "size",
    "error_code",
    "error_detail",
)
"""What a list of images shows of its variants: it reads hundreds, and how each is made is long."""


SHOWN_OF_ITSELF = (
    "name",
    "description",
    "tags",
    "visibility",
    "status",
    "error_code",
    "error_detail",
    "version",
    "content_type",
    "size",
    "sha256",
    "width",
    "height",
    "placeholder",
    "dominant_color",
    "taken_at",
    "created_at",
    "updated_at",
)

IMAGE = select(*(images.c[column] for column in SHOWN_OF_ITSELF)).where(
    images.c.id == bindparam("image_id"),
    images.c.account_id == bindparam("account_id"),
    images.c.deleted_at.is_(None),
    ~of_closed(images.c.account_id),
)
VARIANTS = (
    select(*(variants.c[column] for column in SHOWN if column != "image_id"))
    .where(variants.c.image_id == bindparam("image_id"))
    .order_by(variants.c.position, variants.c.name)
)


async def shown(
    database: Database, image_id: str, account_id: str
) -> tuple[Found, list[Found]] | None:
    """What is shown of the account's image and of its variants, unless one of both is deleted."""
    found = await database.ask(IMAGE, image_id=image_id, account_id=account_id)
    return (found[0], await database.ask(VARIANTS, image_id=image_id)) if found else None


async def find(
    connection: AsyncConnection, image_id: str, account_id: str, lock: bool = False
) -> Found | None:
    """The account's image, unless it is deleted; `lock` keeps other writers off until commit."""
    query = select(images).where(
        images.c.id == image_id, images.c.account_id == account_id, images.c.deleted_at.is_(None)
    )
    query = query.with_for_update() if lock else query
    return (await connection.execute(query)).one_or_none()


async def find_any(connection: AsyncConnection, image_id: str, lock: bool = False) -> Found | None:
    """The image, whoever owns it, also as a tombstone."""
    query = select(images).where(images.c.id == image_id)
    query = query.with_for_update() if lock else query
    return (await connection.execute(query)).one_or_none()


async def locked_page(
    connection: AsyncConnection, account_id: str, limit: int, after: tuple[datetime, str] | None
) -> Sequence[Found]:
    """Up to `limit` images, oldest first, younger than `after`; locked until commit."""
    query = select(images).where(images.c.account_id == account_id, images.c.deleted_at.is_(None))
    if after:
        types = [images.c.created_at.type, images.c.id.type]
        query = query.where(tuple_(images.c.created_at, images.c.id) > tuple_(*after, types=types))
    query = query.order_by(images.c.created_at, images.c.id).limit(limit).with_for_update()
    return (await connection.execute(query)).all()


async def variants_of(
    connection: AsyncConnection, image_ids: Iterable[str]
) -> dict[str, list[Found]]:
    """What is shown of variants, by image id: those of built-in presets in their order, then
    others by name.
    """
    shown = (variants.c[column] for column in SHOWN)
    query = select(*shown).where(variants.c.image_id.in_(list(image_ids)))
    found: dict[str, list[Found]] = defaultdict(list)
    for row in await connection.execute(query.order_by(variants.c.position, variants.c.name)):
        found[row.image_id].append(row)
    return found


async def history(connection: AsyncConnection, image_id: str) -> Sequence[Found]:
    """What happened to the image, oldest first."""
    query = select(events).where(events.c.image_id == image_id).order_by(events.c.id)
    return (await connection.execute(query)).all()


async def insert(
    connection: AsyncConnection, image: dict[str, Any], made: Sequence[dict[str, Any]]
) -> None:
    """The image and its variants."""
    found_by, words = _index(image)
    await connection.execute(images.insert().values(image | found_by))
    await connection.execute(image_grams.insert().values(image_id=image["id"], grams=words))
    if made:
        await connection.execute(variants.insert(), list(made))


async def index(connection: AsyncConnection, image: Mapping[str, Any]) -> None:
    """Have the image found by what is said of it now."""
    found_by, words = _index(image)
    await change(connection, image["id"], **found_by)
    its_own = image_grams.c.image_id == image["id"]
    await connection.execute(update(image_grams).where(its_own).values(grams=words))


def _index(image: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """What an image is sorted by and searched in, and its words."""
    text = grams.text_of(image["name"], image["description"], image["tags"])
    words = grams.document(image["account_id"], image["content_type"], text)
    return {"name_key": grams.fold(image["name"]), "search": text}, words


WAITS = {"status": "processing", "error_code": None, "error_detail": None}
"""What changes of an image that awaits a job again."""


async def change(connection: AsyncConnection, image_id: str, **values: Any) -> None:
    await connection.execute(update(images).where(images.c.id == image_id).values(**values))


async def bury(connection: AsyncConnection, image_ids: Sequence[str], now: datetime) -> None:
    """What is left of deleted images until their objects are gone."""
    values = {"status": "failed", "deleted_at": now}
    await connection.execute(update(images).where(images.c.id.in_(image_ids)).values(values))


async def erase(connection: AsyncConnection, image_id: str) -> None:
    """Remove the row for good, with its variants and its history."""
    await connection.execute(delete(events).where(events.c.image_id == image_id))
    await connection.execute(delete(images).where(images.c.id == image_id))


async def unfinished(connection: AsyncConnection, at_most: int) -> int:
    """How many pictures wait to be processed, counted no further than `at_most`."""
    query = select(func.count()).select_from(_waiting(at_most))
    return (await connection.execute(query)).scalar_one()


def _waiting(at_most: int) -> Subquery:
    return select(1).where(images.c.status == "processing").limit(at_most).subquery()


class Load(NamedTuple):
    """What an account keeps, and how many pictures of all accounts wait."""

    images: int
    bytes: int
    waiting: int


async def load_of(connection: AsyncConnection, account_id: str, at_most: int) -> Load:
    """In one question, since each upload asks it; `waiting` is counted as in `unfinished`."""
    kept = [
        func.coalesce(select(column).where(usage.c.account_id == account_id).scalar_subquery(), 0)
        for column in (usage.c.images, usage.c.bytes)
    ]
    waiting = select(func.count()).select_from(_waiting(at_most)).scalar_subquery()
    row = (await connection.execute(select(*kept, waiting))).one()
    return Load._make(row)


async def begin_upload(
    connection: AsyncConnection,
    image_id: str,
    account_id: str,
    now: datetime,
    holder: int | None,
    key: str | None = None,
) -> bool:
    """Whether it began: not while the account's other upload with this key is under way. Whoever
    asks while that ends waits for its commit.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(uploads).values(
        id=image_id, account_id=account_id, started_at=now, holder=holder, key=key
    )
    insert = insert.on_conflict_do_nothing(index_elements=[uploads.c.account_id, uploads.c.key])
    begun = await connection.execute(insert.returning(uploads.c.id))
    return begun.one_or_none() is not None


async def end_upload(connection: AsyncConnection, image_id: str) -> bool:
    """Whether the upload was still under way. Whoever asks meanwhile waits for this commit."""
    ended = await connection.execute(delete(uploads).where(uploads.c.id == image_id))
    return ended.rowcount == 1


async def uploads_under_way(connection: AsyncConnection) -> Sequence[Found]:
    """Each with the process that holds it, if several share the database."""
    return (await connection.execute(select(uploads).order_by(uploads.c.holder))).all()


async def is_alive(connection: AsyncConnection, holder: int) -> bool:
    """Whether the process still has its place; see `Presence`. Asked within a transaction."""
    gone = select(func.pg_try_advisory_xact_lock(MEMBER, holder))
    return not (await connection.execute(gone)).scalar_one()
