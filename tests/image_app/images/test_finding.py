"""Which pictures are on a page: each way to them gives the whole answer, in both databases."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.database import Database
from safelight.image_app import clock
from safelight.image_app.images import queries
from safelight.image_app.images.finding import KEYS, List, page, position
from safelight.image_app.images.grams import fold
from safelight.image_app.images.schemas import ListParameters
from tests.image_app.images.album import BEGAN, a_picture, write

COUNT = 90
ANN, BOB = clock.new_id(), clock.new_id()
SORTS = [sign + key for key in KEYS for sign in ("", "-")]
LATER = BEGAN + timedelta(minutes=20)

Json = dict[str, Any]
QUESTIONS: list[Json] = [
    {},
    {"q": "zebra"},
    {"q": "äpf"},
    {"q": "%"},
    {"q": "_"},
    {"q": "\\"},
    {"q": "0%"},
    {"q": "日"},
    {"q": "日本"},
    {"q": "s\no"},
    {"q": "harbour"},
    {"q": "STRASSE"},
    {"q": "\U0001f305"},
    {"q": "e"},
    {"q": "nobody has this"},
    {"q": "'; DROP TABLE images; --"},
    {"q": '" OR "'},
    {"tags": ["sea"]},
    {"tags": ["sea", "ça va", "boats"]},
    {"tags": ["se"]},
    {"status": "failed"},
    {"content_type": "image/webp"},
    {"created_after": LATER},
    {"created_before": LATER},
    {"created_after": BEGAN, "created_before": LATER, "status": "ready"},
    {"q": "jpg", "tags": ["50%"], "content_type": "image/png", "status": "ready"},
]


@pytest.fixture
async def pictures(database: Database) -> list[Json]:
    made = [a_picture(ANN, number) for number in range(COUNT)]
    async with database.writing() as connection:
        await write(connection, made)
        await write(connection, [a_picture(BOB, number) for number in range(COUNT)])
        for gone in made[::9]:
            await queries.change(connection, gone["id"], deleted_at=clock.now())
    return [picture for picture in made if picture not in made[::9]]


@pytest.fixture
async def connection(database: Database, pictures: list[Json]) -> AsyncIterator[AsyncConnection]:
    async with database.reading() as connection:
        yield connection


def _is_meant(picture: Json, asked: Json) -> bool:
    texts = [picture["name"], picture["description"], *picture["tags"]]
    told = {fold(tag) for tag in picture["tags"]}
    return (
        any(fold(asked.get("q", "")) in fold(text) for text in texts)
        and told.issuperset(asked.get("tags", []))
        and picture["status"] == asked.get("status", picture["status"])
        and picture["content_type"] == asked.get("content_type", picture["content_type"])
        and ("created_after" not in asked or picture["created_at"] > asked["created_after"])
        and ("created_before" not in asked or picture["created_at"] < asked["created_before"])
    )


def _expected(pictures: list[Json], asked: Json, sort: str) -> list[str]:
    keys: dict[str, Callable[[Json], Any]] = {
        "created_at": lambda picture: picture["created_at"],
        "name": lambda picture: fold(picture["name"]).encode(),
        "size": lambda picture: picture["size"],
    }
    key = keys[sort.removeprefix("-")]
    meant = [picture for picture in pictures if _is_meant(picture, asked)]
    meant.sort(key=lambda picture: (key(picture), picture["id"]), reverse=sort.startswith("-"))
    return [picture["id"] for picture in meant]


def _asked(asked: Json, sort: str) -> ListParameters:
    return ListParameters(**(asked | {"q": fold(asked.get("q", ""))}), sort=sort)


async def test_every_question_finds_what_is_meant_in_order_whatever_way_is_taken(
    connection: AsyncConnection, pictures: list[Json]
) -> None:
    for number, asked in enumerate(QUESTIONS):
        for sort in (SORTS[number % 6], SORTS[number // 3 % 6]):
            expected, wanted = _expected(pictures, asked, sort), _asked(asked, sort)
            rows = await page(connection, ANN, wanted, None, COUNT)
            assert [row.id for row in rows] == expected, (asked, sort)
            begin = len(expected) // 2
            place = position(rows[begin - 1], sort) if begin else None
            listed = List(connection.dialect.name, ANN, wanted, place, COUNT)
            for statement in (listed.walked(COUNT), listed.indexed()):
                found = [row.id for row in (await connection.execute(statement)).all()]
                assert found == expected[begin:], (asked, sort)


async def test_no_question_is_answered_the_same_as_all_of_them(pictures: list[Json]) -> None:
    """Otherwise the test above would show nothing."""
    found = [tuple(_expected(pictures, asked, "name")) for asked in QUESTIONS]
    assert len(set(found)) > len(QUESTIONS) - 7
    assert len({tuple(_expected(pictures, {}, sort)) for sort in SORTS}) == len(SORTS)


async def test_what_is_said_anew_is_found_by_that_and_no_longer_by_what_was_said(
    database: Database, pictures: list[Json]
) -> None:
    changed = pictures[0] | {"name": "Quokka", "tags": ["marsupial"], "description": ""}
    async with database.writing() as connection:
        await queries.index(connection, changed)
        await queries.erase(connection, pictures[1]["id"])
    async with database.reading() as connection:
        for asked in ({"q": "okk"}, {"q": "qu"}, {"tags": ["marsupial"]}):
            listed = List(connection.dialect.name, ANN, _asked(asked, "name"), None, COUNT)
            [row] = (await connection.execute(listed.indexed())).all()
            assert row.id == changed["id"]
        for before in pictures[:2]:
            wanted = _asked({"q": before["name"]}, "name")
            listed = List(connection.dialect.name, ANN, wanted, None, COUNT)
            found = [row.id for row in (await connection.execute(listed.indexed())).all()]
            assert before["id"] not in found


async def test_a_walk_beside_a_writer_neither_leaves_out_nor_repeats(
    database: Database, pictures: list[Json]
) -> None:
    stay = {picture["id"] for picture in pictures}
    for sort in SORTS:
        walked = await _walk(database, sort, stay)
        assert len(walked) == len(set(walked))
        assert stay <= set(walked)


async def _walk(database: Database, sort: str, stay: set[str]) -> list[str]:
    """Ids by the way; after each page something comes and something else goes."""
    walked: list[str] = []
    after, written = None, [a_picture(ANN, number) for number in range(400)]
    while True:
        async with database.reading() as connection:
            rows = await page(connection, ANN, ListParameters(sort=sort), after, 7)
        walked += [row.id for row in rows]
        if len(rows) < 7:
            return walked
        after = position(rows[-1], sort)
        async with database.writing() as connection:
            await write(connection, written[:2])
            # Also what the next page would have begun behind.
            for gone in {written[0]["id"], rows[-1].id} - stay:
                await queries.change(connection, gone, deleted_at=clock.now())
        written = written[2:]


@pytest.mark.parametrize("sort", SORTS)
async def test_a_page_is_read_from_the_index_of_its_order(
    connection: AsyncConnection, sort: str
) -> None:
    """Also one in the middle: from its place on, nothing is read twice and nothing sorted."""
    index = {"created_at": "newest", "name": "by_name", "size": "by_size"}[sort.lstrip("-")]
    [row] = await page(connection, ANN, ListParameters(sort=sort), None, 1)
    for place in (None, position(row, sort)):
        listed = List(connection.dialect.name, ANN, ListParameters(sort=sort), place, 7)
        plan = await _plan(connection, listed.all())
        assert f"ix_images_{index}" in plan
        assert "SCAN images" not in plan
        assert "Sort" not in plan
        assert "B-TREE" not in plan
        key = KEYS[sort.lstrip("-")].key
        if place:
            assert f"({key},id)" in plan.replace(" ", "") or f"ROW({key}," in plan


async def test_what_few_have_is_found_by_an_index(connection: AsyncConnection) -> None:
    for asked, index in (
        ({"q": "quokka"}, "grams"),
        ({"tags": ["sea", "boats"]}, "grams"),
        ({"content_type": "image/tiff"}, "grams"),
        ({"status": "failed"}, "ix_images_by_status"),
        ({"created_after": BEGAN, "created_before": LATER}, "ix_images_"),
    ):
        listed = List(connection.dialect.name, ANN, _asked(asked, "name"), None, 7)
        for statement in (listed.named(), listed.indexed()):
            plan = await _plan(connection, statement)
            assert index in plan, (asked, plan)
            assert "SCAN images" not in plan


async def _plan(connection: AsyncConnection, statement: Any) -> str:
    if connection.dialect.name == "sqlite":
        return await _explained(connection, "EXPLAIN QUERY PLAN", statement)
    # With so few rows reading all of them is cheap: whether an index can do it is the question.
    await connection.execute(text("SET enable_seqscan = off"))
    return await _explained(connection, "EXPLAIN", statement)


async def _explained(connection: AsyncConnection, word: str, statement: Any) -> str:
    compiled = statement.compile(dialect=connection.dialect)
    names = compiled.positiontup or list(compiled.params)
    values = tuple(
        processor(compiled.params[name])
        if (processor := compiled._bind_processors.get(name))
        else compiled.params[name]
        for name in names
    )
    rows = await connection.exec_driver_sql(f"{word} {compiled}", values)
    return "\n".join(str(row[-1]) for row in rows)
