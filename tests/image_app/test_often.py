"""Queries that are asked often: the same rows as by the long way."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select

from safelight.backends.database import Database, DatabaseUnavailable
from safelight.image_app import clock
from safelight.image_app.images.queries import IMAGE, VARIANTS
from safelight.image_app.models import images, variants
from safelight.image_app.resources import Resources
from tests.image_app.waiting import Waiting

EVERY_COLUMN = select(images).where(images.c.id == bindparam("image_id"))


async def test_rows_are_what_sqlalchemy_makes_of_them(
    waiting: Waiting, resources: Resources
) -> None:
    database = resources.database
    async with database.reading() as connection:
        asked = await connection.execute(EVERY_COLUMN, {"image_id": waiting.image_id})
        [whole] = asked.all()
        query = select(variants.c.name).where(variants.c.image_id == waiting.image_id)
        names = (await connection.execute(query)).scalars().all()
    [found] = await database.ask(EVERY_COLUMN, image_id=waiting.image_id)
    assert found._asdict() == whole._asdict()
    account = {"image_id": whole.id, "account_id": whole.account_id}
    assert [row.sha256 for row in await database.ask(IMAGE, **account)] == [whole.sha256]
    shown = await database.ask(VARIANTS, image_id=whole.id)
    assert sorted(row.name for row in shown) == sorted(names)


async def test_nobody_is_found_under_another_s_id(waiting: Waiting, resources: Resources) -> None:
    found = await resources.database.ask(
        IMAGE, image_id=waiting.image_id, account_id=clock.new_id()
    )
    assert found == []


async def test_what_is_committed_is_seen_at_once(waiting: Waiting, resources: Resources) -> None:
    database = resources.database
    for version in range(2, 20):
        async with database.writing() as connection:
            change = images.update().where(images.c.id == waiting.image_id)
            await connection.execute(change.values(version=version))
            [before] = await database.ask(EVERY_COLUMN, image_id=waiting.image_id)
            assert before.version == version - 1
        [found] = await database.ask(EVERY_COLUMN, image_id=waiting.image_id)
        assert found.version == version


async def test_many_may_ask_at_once(waiting: Waiting, resources: Resources) -> None:
    asked = [resources.database.ask(VARIANTS, image_id=waiting.image_id) for _ in range(50)]
    answers = await asyncio.gather(*asked)
    assert all(answer == answers[0] for answer in answers)


async def test_a_database_that_is_not_migrated_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(DatabaseUnavailable):
        await database.ask(EVERY_COLUMN, image_id=clock.new_id())
    await database.close()


async def test_a_file_that_is_no_database_is_unavailable(
    tmp_path: Path, migrated_file: Path
) -> None:
    path = Path(shutil.copy(migrated_file, tmp_path / "safelight.db"))
    path.write_bytes(b"not a database" * 1000)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnavailable):
        await database.ask(EVERY_COLUMN, image_id=clock.new_id())
    await database.close()
