"""Migrations of an installation that is in use: nothing gets lost on the way."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from safelight.backends.database import Database
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation
from safelight.image_app.account_store.in_database import DatabaseAccounts
from safelight.image_app.accounts.queries import Used, usage_of
from safelight.image_app.images import grams
from safelight.image_app.images.finding import List
from safelight.image_app.images.schemas import ListParameters
from safelight.image_app.migrations import alembic_config, migrate
from safelight.image_app.models import images, refresh_tokens, variants
from tests.image_app.given import rows_of
from tests.servers import Postgres

ANN, BOB, FIRST, SECOND = (str(UUID(int=number)) for number in range(1, 5))
IDS = {"ANN": ANN, "BOB": BOB, "FIRST": FIRST, "SECOND": SECOND}
GIB = 1 << 30
TIME = "2026-05-04 03:02:01.000000"

# As both databases read it, whatever becomes of the models.
FILLED = f"""
    INSERT INTO accounts (id, username, email, password_hash, images, bytes, created_at) VALUES
        ('ANN', 'ann', 'ann@example.com', '$argon2id$', 2, {3 * GIB}, '{TIME}'),
        ('BOB', 'bob', 'bob@example.com', '$argon2id$', 0, 0, '{TIME}');
    INSERT INTO refresh_tokens (token_hash, family_id, account_id, expires_at) VALUES
        ('a-hash', 'BOB', 'ANN', '{TIME}');
    INSERT INTO images (id, account_id, name, description, tags, visibility, status, version,
        content_type, size, sha256, created_at, updated_at) VALUES
        ('FIRST', 'ANN', 'a.jpg', '', '["sea"]', 'public', 'ready', 3,
            'image/jpeg', {GIB}, 'a-hash', '{TIME}', '{TIME}'),
        ('SECOND', 'ANN', 'b.jpg', '', '[]', 'private', 'processing', 1,
            'image/jpeg', {2 * GIB}, 'a-hash', '{TIME}', '{TIME}');
    INSERT INTO variants (image_id, name, position, fingerprint, status) VALUES
        ('FIRST', 'thumb', 0, 'a-print', 'ready'), ('FIRST', 'small', 1, 'a-print', 'failed'),
        ('SECOND', 'thumb', 0, 'a-print', 'pending');
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'safelight.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.url(postgres.create())


@pytest.fixture
async def migrated(empty_url: str) -> AsyncIterator[Database]:
    """An installation of the first release that two people used, brought up to date."""
    database = Database(empty_url)
    filled = FILLED
    for name, its_id in IDS.items():
        filled = filled.replace(f"'{name}'", f"'{UUID(its_id).hex}'")
    async with database.writing() as connection:
        await connection.run_sync(lambda c: command.upgrade(alembic_config(c), "0001"))
        for statement in filled.split(";\n")[:-1]:
            await connection.exec_driver_sql(statement)
    await migrate(database)
    yield database
    await database.close()


async def test_accounts_keep_what_they_are_and_what_they_count(migrated: Database) -> None:
    ann = await DatabaseAccounts(migrated).find_by_login("ann@example.com")
    assert ann is not None
    assert (ann.id, ann.username, ann.password_hash) == (ANN, "ann", "$argon2id$")
    async with migrated.reading() as connection:
        assert await usage_of(connection, ANN) == Used(2, 3 * GIB)
        assert await usage_of(connection, BOB) == Used(0, 0)
        [token] = await rows_of(connection, refresh_tokens)
    assert (token.token_hash, token.account_id) == ("a-hash", ANN)


async def test_images_and_their_variants_stay(migrated: Database) -> None:
    async with migrated.reading() as connection:
        of_images = select(images).order_by(images.c.id)
        first, second = (await connection.execute(of_images)).all()
        made = await rows_of(connection, variants)
    assert (first.id, first.account_id, first.tags, first.version) == (FIRST, ANN, ["sea"], 3)
    assert (second.id, second.size, second.status) == (SECOND, 2 * GIB, "processing")
    assert sorted((row.image_id, row.name, row.status) for row in made) == [
        (FIRST, "small", "failed"),
        (FIRST, "thumb", "ready"),
        (SECOND, "thumb", "pending"),
    ]


async def test_variants_know_how_they_were_made_and_wait_for_no_job_by_name(
    migrated: Database,
) -> None:
    async with migrated.reading() as connection:
        made = await rows_of(connection, variants)
    for row in made:
        assert Transformation.model_validate(row.transformation) == BUILT_IN[row.name]
        assert (row.preset_version, row.job_id, row.replacement) == (1, None, None)


async def test_images_are_found_by_what_was_said_of_them(migrated: Database) -> None:
    async with migrated.reading() as connection:
        for asked in ({"q": "a.jp"}, {"tags": ["sea"]}, {"q": "ea", "content_type": "image/jpeg"}):
            listed = List(connection.dialect.name, ANN, ListParameters(**asked), None, 9)
            for statement in (listed.indexed(), listed.walked(9)):
                assert [row.id for row in await connection.execute(statement)] == [FIRST]
        by_name = List(connection.dialect.name, ANN, ListParameters(sort="-name"), None, 9).all()
        assert [row.id for row in await connection.execute(by_name)] == [SECOND, FIRST]
        for row in await rows_of(connection, images):
            text = grams.text_of(row.name, row.description, row.tags)
            assert (row.name_key, row.search) == (grams.fold(row.name), text)


async def test_variants_still_hang_on_their_image(migrated: Database) -> None:
    with pytest.raises(IntegrityError):
        async with migrated.writing() as connection:
            await connection.execute(
                variants.insert().values(
                    image_id=BOB, name="thumb", position=0, fingerprint="", status="ready"
                )
            )
    async with migrated.writing() as connection:
        await connection.execute(images.delete().where(images.c.id == FIRST))
    async with migrated.reading() as connection:
        assert [row.image_id for row in await rows_of(connection, variants)] == [SECOND]


async def test_an_image_needs_no_row_of_its_account(migrated: Database) -> None:
    async with migrated.writing() as connection:
        await connection.execute(images.update().values(account_id=SECOND))
