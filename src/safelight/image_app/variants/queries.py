"""The variants of one image in the database. Whoever changes them has locked the image."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app.models import Found, renderings, variants

KEY = ("image_id", "name")
MEASURED = ("content_type", "width", "height", "size")
WRITTEN = tuple(column.name for column in variants.c if column.name not in (*KEY, "position"))


async def all_of(connection: AsyncConnection, image_id: str) -> Sequence[Found]:
    """In the order in which the image lists them."""
    query = select(variants).where(variants.c.image_id == image_id)
    return (await connection.execute(query.order_by(variants.c.position, variants.c.name))).all()


async def insert(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(variants.insert(), list(rows))


async def write(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Each of the rows, which are there and given whole, as it is given."""
    query = (
        update(variants)
        .where(*(variants.c[name] == bindparam(f"its_{name}") for name in KEY))
        .values({name: bindparam(name) for name in WRITTEN})
    )
    given = [
        {f"its_{name}": row[name] for name in KEY} | {name: row[name] for name in WRITTEN}
        for row in rows
    ]
    if given:
        await connection.execute(query, given)


async def remeasure(
    connection: AsyncConnection, image_id: str, made: Sequence[dict[str, Any]]
) -> None:
    """Whatever else is the object of a fingerprint that was just made is what that is now. Each
    of `made` has `fingerprint` and what is measured.
    """
    given = [{f"its_{name}": row[name] for name in ("fingerprint", *MEASURED)} for row in made]
    for table in (variants, renderings) if given else ():
        query = (
            update(table)
            .where(
                table.c.image_id == image_id,
                table.c.fingerprint == bindparam("its_fingerprint"),
                table.c.status == "ready",
            )
            .values({name: bindparam(f"its_{name}") for name in MEASURED})
        )
        await connection.execute(query, given)


async def remove(connection: AsyncConnection, image_id: str, name: str) -> None:
    its = variants.c.image_id == image_id, variants.c.name == name
    await connection.execute(delete(variants).where(*its))


def waits(row: Found) -> bool:
    """Whether an outcome is awaited; rows of an earlier release say so by their status alone."""
    return row.job_id is not None or row.status == "pending"


def fingerprints_of(rows: Sequence[Found]) -> set[str]:
    """What the variants are made by, or will be."""
    coming = {row.replacement["fingerprint"] for row in rows if row.replacement}
    return {row.fingerprint for row in rows} | coming


async def is_referred_to(connection: AsyncConnection, image_id: str, fingerprint: str) -> bool:
    """Whether a variant or a rendering of the image is, or will be, the object of that
    fingerprint. A rendering that failed has none.
    """
    if fingerprint in fingerprints_of(await all_of(connection, image_id)):
        return True
    query = select(renderings.c.fingerprint).where(
        renderings.c.image_id == image_id,
        renderings.c.fingerprint == fingerprint,
        renderings.c.status != "failed",
    )
    return (await connection.execute(query)).first() is not None


async def renderings_under_way(connection: AsyncConnection, image_id: str) -> Sequence[Found]:
    query = select(renderings).where(
        renderings.c.image_id == image_id, renderings.c.status == "pending"
    )
    return (await connection.execute(query)).all()
