"""Objects that belong to nothing are found on a walk, and erased by a promise like any other."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from safelight.backends.database import Database, DatabaseUnavailable
from safelight.contract import keys
from safelight.image_app import clock, patrol
from safelight.image_app.images import queries, service
from safelight.image_app.models import outbox
from safelight.image_app.patrol import Patrol
from safelight.image_app.promises import LOST_AFTER
from tests.image_app.given import all_keys, chunks_of
from tests.image_app.waiting import SQUARE, SQUARED, Waiting

LATER = LOST_AFTER + timedelta(minutes=1)


async def walk(waiting: Waiting, after: timedelta = LATER) -> int:
    return await Patrol().go_on(waiting.resources, clock.now() + after)


async def leave(waiting: Waiting, *objects: str) -> None:
    for key in objects:
        await waiting.resources.objects.put(key, chunks_of(b"x"))


def strangers(waiting: Waiting, image_id: str | None = None) -> list[str]:
    """What was made of an image that is none."""
    image_id = image_id or clock.new_id()
    made = ("e" * 16, "f" * 16)
    return [keys.variant(waiting.account_id, image_id, m, waiting.job.sha256) for m in made]


async def test_objects_of_no_image_go_with_one_promise(ready: Waiting) -> None:
    before = await all_keys(ready.resources.objects)
    await leave(ready, *strangers(ready))
    assert await walk(ready, timedelta()) == 0  # young: whoever made them may still tell of it
    assert await walk(ready) == 1
    assert await ready.events() == ["image.deleted"]
    await ready.deliver_events()
    assert await all_keys(ready.resources.objects) == before
    assert await walk(ready) == 0


async def test_an_original_of_which_no_row_tells_stays_with_all_that_was_made_of_it(
    ready: Waiting,
) -> None:
    """As after the restore of a database that is older than the objects."""
    image_id = clock.new_id()
    there = [keys.original(ready.account_id, image_id), *strangers(ready, image_id)]
    await leave(ready, *there)
    assert await walk(ready) == 0
    await ready.deliver_events()
    assert set(there) <= await all_keys(ready.resources.objects)


async def test_an_upload_under_way_keeps_its_object(ready: Waiting) -> None:
    original = keys.original(ready.account_id, clock.new_id())
    async with ready.resources.database.writing() as connection:
        image_id = keys.image_of(original)
        await queries.begin_upload(connection, image_id, ready.account_id, clock.now(), None)
    await leave(ready, original)
    assert await walk(ready) == 0
    assert original in await all_keys(ready.resources.objects)


async def test_an_object_to_which_nothing_refers_goes(square: Waiting) -> None:
    await square.delete("square")
    await square.forget_events()
    assert await walk(square) == 1
    await square.deliver_events()
    assert SQUARED not in await square.objects()
    assert len(await square.objects()) == 4
    assert await walk(square) == 0


@pytest.mark.parametrize("status", ["pending", "ready"])
async def test_what_was_rendered_stays(square: Waiting, status: str) -> None:
    await square.rendering(status)
    await square.delete("square")
    await square.forget_events()
    assert await walk(square) == 0


async def test_an_image_that_waits_is_left_alone(ready: Waiting) -> None:
    job = await ready.add("square", **SQUARE)
    await ready.delete("square")
    await ready.reprocess("thumb")
    await leave(ready, ready.key(SQUARED))
    assert await walk(ready) == 0
    assert job.variants


async def test_a_tombstone_is_seen_to_by_its_own_promise(ready: Waiting) -> None:
    await service.delete_image(ready.resources, ready.account_id, ready.image_id)
    async with ready.resources.database.writing() as connection:
        await connection.execute(delete(outbox))
    assert await walk(ready) == 0


async def test_what_was_not_made_here_stays(ready: Waiting) -> None:
    foreign = [
        "notes.txt",
        "originals/notes.txt",
        f"originals/{ready.account_id}/notes.txt",
        f"originals/{clock.new_id()}/{ready.image_id}",
        ready.key(SQUARED).replace(SQUARED, "a-name-of-theirs"),
        keys.variant(ready.account_id, ready.image_id, SQUARED, "0" * 64),
    ]
    await leave(ready, *foreign)
    assert await walk(ready) == 0
    await ready.deliver_events()
    assert set(foreign) <= await all_keys(ready.resources.objects)


async def test_a_round_looks_at_so_many_and_the_next_goes_on_from_there(
    ready: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "STRETCH", 50)
    monkeypatch.setattr(patrol, "AT_ONCE", 50)
    for _ in range(60):
        await leave(ready, *strangers(ready))
    walker, later = Patrol(), clock.now() + LATER
    rounds = [await walker.go_on(ready.resources, later) for _ in range(8)]
    assert rounds[0] > 0
    assert rounds[1] > 0
    assert rounds[-1] == 0  # it rests
    await ready.deliver_events()
    assert len(await all_keys(ready.resources.objects)) == 5


async def test_after_a_fault_it_begins_again(ready: Waiting) -> None:
    await leave(ready, *strangers(ready))
    walker = Patrol()
    away = Database("sqlite:////nowhere/safelight.db")
    with pytest.raises(DatabaseUnavailable):
        await walker.go_on(replace(ready.resources, database=away), clock.now() + LATER)
    await away.close()
    assert await walker.go_on(ready.resources, clock.now() + LATER) == 1
