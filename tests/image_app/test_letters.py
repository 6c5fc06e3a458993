"""Dead letters are sent again in one transaction, and really work then."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from safelight.backends.cache.memory import MemoryCache
from safelight.contract.messages import (
    DEAD_LETTERS,
    JOBS,
    OUTCOMES,
    Job,
    Message,
    dead_letter,
    job_message,
    outcome_message,
)
from safelight.contract.presets import BUILT_IN
from safelight.image_app import clock
from safelight.image_app.dead_letters import letters, sending
from safelight.image_app.dead_letters.letters import Letter
from safelight.image_app.dead_letters.sending import Plan
from safelight.image_app.erasures import take_event
from safelight.image_app.images import service
from safelight.image_app.models import outbox
from tests.image_app.given import process, promised
from tests.image_app.waiting import SQUARE, SQUARED, Waiting


class Stopped(Exception):
    """Raised at the last moment before a commit."""


class StoppedCache(MemoryCache):
    """One whose process ends just then."""

    async def hold(self, scope: str) -> str:
        raise Stopped


async def all_letters(waiting: Waiting) -> list[Letter]:
    async with waiting.resources.database.reading() as connection:
        return await letters.newest(connection, 100)


async def send(waiting: Waiting) -> Plan:
    """Send the newest, as its plan said it would go."""
    [letter, *_] = await all_letters(waiting)
    async with waiting.resources.database.reading() as connection:
        planned = await sending.plan_for(connection, waiting.resources.objects, letter)
    plan = await sending.send(waiting.resources, letter.id)
    assert plan == planned
    return plan


async def forget_jobs(waiting: Waiting) -> None:
    async with waiting.resources.database.writing() as connection:
        await connection.execute(outbox.delete().where(outbox.c.topic == JOBS))


async def bury(waiting: Waiting, job: Job) -> None:
    await waiting.bury(job)
    await forget_jobs(waiting)


async def test_a_job_is_sent_again_and_its_image_becomes_ready(waiting: Waiting) -> None:
    await bury(waiting, waiting.job)
    assert (await waiting.row()).status == "failed"
    plan = await send(waiting)
    assert plan.verdict == "sent"
    assert "thumb" in plan.words
    row = await waiting.row()
    assert (row.status, row.error_code) == ("processing", None)
    assert await all_letters(waiting) == []
    [message] = await promised(waiting.resources.database, JOBS)
    assert message.body == job_message(waiting.job, clock.now()).body
    assert not [name for name in message.headers if name.startswith("safelight-")]
    await waiting.answer(await waiting.last_job())
    assert (await waiting.row()).status == "ready"
    assert await waiting.statuses() == {"ready"}


async def test_it_may_fail_again_and_is_a_letter_again(waiting: Waiting) -> None:
    for _ in range(2):
        await bury(waiting, waiting.job)
        assert (await waiting.row()).status == "failed"
        assert len(await all_letters(waiting)) == 1
        assert (await send(waiting)).verdict == "sent"


async def test_of_two_who_send_the_same_letter_one_does(waiting: Waiting) -> None:
    await bury(waiting, waiting.job)
    [letter] = await all_letters(waiting)
    plans = await asyncio.gather(*(sending.send(waiting.resources, letter.id) for _ in range(2)))
    assert sorted(plan.verdict if plan else "" for plan in plans) == ["", "sent"]
    assert len(await promised(waiting.resources.database, JOBS)) == 1


async def test_a_crash_in_between_leaves_the_letter_and_promises_nothing(waiting: Waiting) -> None:
    await bury(waiting, waiting.job)
    before = await waiting.state(), await all_letters(waiting)
    [letter] = await all_letters(waiting)

    stopped = replace(waiting.resources, answers=StoppedCache())
    with pytest.raises(Stopped):
        await sending.send(stopped, letter.id)
    assert (await waiting.state(), await all_letters(waiting)) == before
    assert await promised(waiting.resources.database, JOBS) == []


async def test_what_was_made_meanwhile_does_not_wait_again(waiting: Waiting) -> None:
    await bury(waiting, waiting.job)
    await waiting.answer(await waiting.reprocess("thumb"))
    await forget_jobs(waiting)
    plan = await send(waiting)
    assert "thumb" not in plan.words
    assert (await waiting.variant("thumb")).status == "ready"
    await waiting.answer(await waiting.last_job())
    assert await waiting.statuses() == {"ready"}
    assert (await waiting.row()).status == "ready"


async def test_a_job_whose_variants_are_all_made_or_gone_is_pointless(waiting: Waiting) -> None:
    await bury(waiting, waiting.job)
    await waiting.answer(await waiting.reprocess())
    await forget_jobs(waiting)
    before = await waiting.state()
    assert (await send(waiting)).verdict == "pointless"
    assert await all_letters(waiting) == []
    assert await promised(waiting.resources.database, JOBS) == []
    assert await waiting.state() == before


async def test_what_waits_for_a_newer_job_goes_on_waiting_for_that(waiting: Waiting) -> None:
    await bury(waiting, waiting.job)
    job = await waiting.reprocess()
    assert (await send(waiting)).verdict == "pointless"
    assert {row.job_id for row in (await waiting.variants()).values()} == {job.id}


async def test_a_job_of_a_deleted_image_is_pointless(waiting: Waiting) -> None:
    await bury(waiting, waiting.job)
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    plan = await send(waiting)
    assert (plan.verdict, plan.words) == ("pointless", "its image is deleted")
    assert await all_letters(waiting) == []
    assert await promised(waiting.resources.database, JOBS) == []


async def test_an_image_that_nobody_has_seen_is_seen(waiting: Waiting) -> None:
    for name in BUILT_IN:
        await waiting.delete(name)
    await bury(waiting, waiting.job)
    assert (await send(waiting)).verdict == "sent"
    assert (await waiting.row()).status == "processing"
    await waiting.answer(await waiting.last_job())
    assert (await waiting.row()).status == "ready"


async def test_a_replacement_that_failed_is_made_by_the_letter(ready: Waiting) -> None:
    await ready.preset("own", width=70)
    await ready.answer(await ready.reprocess("own"))
    version = await ready.preset("own", **SQUARE)
    await bury(ready, await ready.reprocess("own"))
    assert (await send(ready)).verdict == "sent"
    await ready.answer(await ready.last_job())
    own = await ready.variant("own")
    assert (own.fingerprint, own.preset_version, own.status) == (SQUARED, version, "ready")


async def test_a_replacement_by_what_the_preset_no_longer_is_is_pointless(ready: Waiting) -> None:
    await ready.preset("own", width=70)
    await ready.answer(await ready.reprocess("own"))
    await ready.preset("own", **SQUARE)
    await bury(ready, await ready.reprocess("own"))
    await ready.preset("own", width=80)
    assert (await send(ready)).verdict == "pointless"


async def bury_outcome(waiting: Waiting) -> None:
    outcome = outcome_message(await process(waiting.resources, waiting.job), clock.now())
    await waiting.delivery.send(dead_letter(outcome, "DatabaseUnavailable: away"))
    await forget_jobs(waiting)


async def test_an_outcome_is_sent_again_and_taken(waiting: Waiting) -> None:
    await bury_outcome(waiting)
    assert (await waiting.row()).status == "failed"
    assert (await send(waiting)).verdict == "sent"
    [message] = await promised(waiting.resources.database, OUTCOMES)
    await waiting.delivery.send(message)
    assert (await waiting.row()).status == "ready"
    assert await waiting.statuses() == {"ready"}


async def test_a_rejection_is_sent_again_and_taken(waiting: Waiting) -> None:
    outcome = outcome_message(waiting.rejected(), clock.now())
    await waiting.delivery.send(dead_letter(outcome, "DatabaseUnavailable: away"))
    assert (await send(waiting)).verdict == "sent"
    [message] = await promised(waiting.resources.database, OUTCOMES)
    await waiting.delivery.send(message)
    row = await waiting.row()
    assert (row.status, row.error_code) == ("failed", "corrupt-image")


async def test_an_outcome_whose_objects_are_gone_is_refused(waiting: Waiting) -> None:
    await bury_outcome(waiting)
    thumb = await waiting.variant("thumb")
    await waiting.resources.objects.delete(waiting.key(thumb.fingerprint))
    plan = await send(waiting)
    assert plan.verdict == "refused"
    assert "reprocessed" in plan.words
    assert len(await all_letters(waiting)) == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"hello"),
        ({"safelight-topic": "somebody.elses"}, b"{}"),
        ({"safelight-topic": DEAD_LETTERS}, b"{}"),
        ({"safelight-topic": JOBS}, b"\xff\xfe"),
        ({"safelight-topic": JOBS}, b"{}"),
        ({"safelight-topic": OUTCOMES}, b"[]"),
    ],
)
async def test_what_can_not_be_sent_is_refused_and_stays(
    ready: Waiting, headers: dict[str, Any], body: bytes
) -> None:
    await ready.delivery.send(Message(DEAD_LETTERS, "a-key", body, headers))
    before = await all_letters(ready)
    assert (await send(ready)).verdict == "refused"
    assert await all_letters(ready) == before
    assert await ready.promises() == []


async def test_a_job_under_another_key_is_refused(waiting: Waiting) -> None:
    message = job_message(waiting.job, clock.now())
    other = Message(message.topic, clock.new_id(), message.body, message.headers)
    await waiting.delivery.send(dead_letter(other, "late"))
    assert (await send(waiting)).verdict == "refused"


async def test_there_is_no_letter_of_an_unknown_number(waiting: Waiting) -> None:
    assert await sending.send(waiting.resources, 77) is None


async def test_another_process_that_changes_an_image_leaves_no_old_answer(
    waiting: Waiting,
) -> None:
    """The product is told by the event, and forgets what it remembers of the account."""
    await bury(waiting, waiting.job)
    ask = service.get_image, waiting.resources, waiting.account_id, waiting.image_id
    await ask[0](*ask[1:])
    remembered, _ = await waiting.resources.answers.get(waiting.account_id, waiting.image_id)
    assert remembered is not None
    await waiting.forget_events()
    await send(waiting)
    [promise] = await waiting.promises()
    assert promise.headers["ce_type"] == "image.updated"
    ticket = (await waiting.resources.answers.get(waiting.account_id, "x")).ticket
    await waiting.resources.answers.keep(waiting.account_id, waiting.image_id, ticket, remembered)
    await take_event(waiting.resources, promise)
    assert b'"status":"processing"' in (await ask[0](*ask[1:])).body
