"""What the API listens to: outcomes, dead letters, and its own promise to erase."""

import pytest

from safelight.contract import keys
from safelight.contract.messages import (
    EVENTS,
    OUTCOMES,
    Event,
    Message,
    dead_letter,
    event_message,
    job_message,
    outcome_message,
)
from safelight.image_app import clock
from safelight.image_app.images import service
from safelight.image_app.models import dead_letters
from safelight.image_app.outcomes import PARKED
from tests.image_app.given import (
    all_keys,
    an_upload,
    process,
    promised,
    rows_of,
    the_image,
    the_variants,
)
from tests.image_app.waiting import CORRUPT, Waiting

SOME_ID = "0190a6a2-0000-7000-8000-000000000001"


async def test_an_outcome_makes_the_image_ready_and_tells_of_it(waiting: Waiting) -> None:
    outcome = await process(waiting.resources, waiting.job)
    await waiting.tell(outcome)
    row = await waiting.row()
    assert (row.status, row.error_code, row.dominant_color) == ("ready", None, "#112233")
    assert await waiting.statuses() == {"ready"}
    assert await waiting.events() == ["image.uploaded", "image.ready"]


async def test_the_cached_answer_is_dropped(waiting: Waiting) -> None:
    ask = service.get_image, waiting.resources, waiting.account_id, waiting.image_id
    assert b'"status":"processing"' in (await ask[0](*ask[1:])).body
    await waiting.tell(await process(waiting.resources, waiting.job))
    assert b'"status":"ready"' in (await ask[0](*ask[1:])).body


async def test_a_rejected_picture_is_failed_with_its_reason_and_so_are_its_variants(
    waiting: Waiting,
) -> None:
    await waiting.tell(waiting.rejected())
    row = await waiting.row()
    assert row.status == "failed"
    assert (row.error_code, row.error_detail) == (CORRUPT.code, CORRUPT.detail)
    assert await waiting.statuses() == {"failed"}
    assert await waiting.events() == ["image.uploaded", "image.failed"]


async def test_a_variant_that_failed_alone_leaves_the_image_ready(waiting: Waiting) -> None:
    outcome = await process(waiting.resources, waiting.job)
    failed = outcome.variants[0].model_copy(update={"error": CORRUPT})
    variants = [failed, *outcome.variants[1:]]
    await waiting.tell(outcome.model_copy(update={"variants": variants}))
    assert (await waiting.row()).status == "ready"
    made = await the_variants(waiting.resources.database, waiting.image_id)
    assert [v.status for v in made.values()] == ["failed", "ready", "ready", "ready"]
    assert made["thumb"].error_code == CORRUPT.code


async def test_a_doubled_outcome_changes_nothing(waiting: Waiting) -> None:
    outcome = await process(waiting.resources, waiting.job)
    await waiting.tell(outcome)
    before = await waiting.row()
    await waiting.tell(outcome)
    assert await waiting.row() == before
    assert await waiting.events() == ["image.uploaded", "image.ready"]


async def test_an_old_outcome_that_contradicts_changes_nothing(waiting: Waiting) -> None:
    await waiting.tell(await process(waiting.resources, waiting.job))
    before = await waiting.row()
    await waiting.tell(waiting.rejected())
    assert await waiting.row() == before
    assert await waiting.statuses() == {"ready"}


async def test_a_variant_made_by_another_transformation_is_not_taken_for_the_wanted(
    waiting: Waiting,
) -> None:
    outcome = await process(waiting.resources, waiting.job)
    other = outcome.variants[0].model_copy(update={"fingerprint": "0" * 16})
    await waiting.tell(outcome.model_copy(update={"variants": [other, *outcome.variants[1:]]}))
    made = await the_variants(waiting.resources.database, waiting.image_id)
    assert [v.status for v in made.values()] == ["failed", "ready", "ready", "ready"]


async def test_a_picture_deleted_while_it_was_processed_leaves_no_byte(waiting: Waiting) -> None:
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    outcome = await process(waiting.resources, waiting.job)
    await waiting.deliver_events()
    assert await the_image(waiting.resources.database, waiting.image_id) is None
    await waiting.tell(outcome)
    assert await all_keys(waiting.resources.objects) == set()
    assert await waiting.events() == ["image.uploaded", "image.deleted"]


async def test_an_outcome_between_deletion_and_erasure_brings_nothing_back(
    waiting: Waiting,
) -> None:
    outcome = await process(waiting.resources, waiting.job)
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    await waiting.tell(outcome)
    assert await all_keys(waiting.resources.objects) == set()
    row = await waiting.row()
    assert row.deleted_at is not None
    assert row.status != "ready"
    await waiting.deliver_events()
    assert await the_image(waiting.resources.database, waiting.image_id) is None


async def test_an_outcome_of_a_picture_that_never_was_erases_its_objects(
    waiting: Waiting,
) -> None:
    stranger = waiting.job.model_copy(update={"image_id": clock.new_id()})
    await waiting.tell(await process(waiting.resources, stranger))
    assert await all_keys(waiting.resources.objects) == {
        keys.original(waiting.account_id, waiting.image_id)
    }
    assert (await waiting.row()).status == "processing"


async def test_deletion_erases_row_variants_and_objects_and_is_harmless_twice(
    waiting: Waiting,
) -> None:
    await waiting.tell(await process(waiting.resources, waiting.job))
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    for _ in range(2):
        await waiting.deliver_events()
    assert await the_image(waiting.resources.database, waiting.image_id) is None
    assert await the_variants(waiting.resources.database, waiting.image_id) == {}
    assert await all_keys(waiting.resources.objects) == set()


async def test_deletion_spares_every_other_image(waiting: Waiting, photograph: bytes) -> None:
    other = await an_upload(waiting.resources, waiting.account_id, photograph)
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    await waiting.deliver_events()
    assert await all_keys(waiting.resources.objects) == {keys.original(waiting.account_id, other)}


async def test_a_job_that_nobody_could_do_is_kept_and_its_image_failed(waiting: Waiting) -> None:
    letter = dead_letter(job_message(waiting.job, clock.now()), "OSError: no room")
    await waiting.delivery.send(letter)
    row = await waiting.row()
    assert (row.status, row.error_code) == ("failed", PARKED.code)
    assert await waiting.statuses() == {"failed"}
    async with waiting.resources.database.reading() as connection:
        [kept] = await rows_of(connection, dead_letters)
    assert (kept.key, kept.body, kept.headers) == (letter.key, letter.body, letter.headers)


async def test_a_job_parked_twice_or_after_its_outcome_changes_nothing_more(
    waiting: Waiting,
) -> None:
    await waiting.tell(await process(waiting.resources, waiting.job))
    before = await waiting.row()
    for _ in range(2):
        await waiting.delivery.send(dead_letter(job_message(waiting.job, clock.now()), "late"))
    assert await waiting.row() == before


async def test_a_job_parked_after_its_image_was_deleted_brings_nothing_back(
    waiting: Waiting,
) -> None:
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    before = await waiting.row()
    await waiting.delivery.send(dead_letter(job_message(waiting.job, clock.now()), "late"))
    assert await waiting.row() == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"\xff", b"null"])
@pytest.mark.parametrize("topic", [OUTCOMES, EVENTS])
async def test_what_can_not_be_read_is_kept_as_it_came(
    waiting: Waiting, topic: str, body: bytes
) -> None:
    await waiting.delivery.send(Message(topic, "some-key", body))
    async with waiting.resources.database.reading() as connection:
        [kept] = await rows_of(connection, dead_letters)
    assert kept.body == body
    assert kept.headers["safelight-topic"] == topic
    assert "not a valid" in kept.headers["safelight-reason"]
    assert (await waiting.row()).status == "processing"


async def test_an_image_whose_outcome_could_not_be_taken_is_failed(waiting: Waiting) -> None:
    outcome = await process(waiting.resources, waiting.job)
    letter = dead_letter(outcome_message(outcome, clock.now()), "RuntimeError: on purpose")
    await waiting.delivery.send(letter)
    assert (await waiting.row()).status == "failed"


async def test_an_outcome_is_the_last_word_also_when_it_lacks_a_variant(waiting: Waiting) -> None:
    outcome = await process(waiting.resources, waiting.job)
    await waiting.tell(outcome.model_copy(update={"variants": outcome.variants[1:]}))
    assert (await waiting.row()).status == "ready"
    made = await the_variants(waiting.resources.database, waiting.image_id)
    assert (made["thumb"].status, made["thumb"].error_code) == ("failed", PARKED.code)


async def test_an_erasure_that_was_given_up_is_promised_again(waiting: Waiting) -> None:
    await service.delete_image(waiting.resources, waiting.account_id, waiting.image_id)
    deletion = (await promised(waiting.resources.database, EVENTS))[-1]
    await waiting.delivery.send(dead_letter(deletion, "StoreUnavailable: the store is away"))
    assert (await promised(waiting.resources.database, EVENTS))[-1] == deletion
    assert await waiting.events() == ["image.uploaded", "image.deleted", "image.deleted"]
    await waiting.deliver_events()
    assert await the_image(waiting.resources.database, waiting.image_id) is None
    assert await all_keys(waiting.resources.objects) == set()


@pytest.mark.parametrize(
    ("subject", "account_id"),
    [("", ""), ("..", ""), ("", 7), (SOME_ID, "../.."), (SOME_ID, None)],
)
async def test_a_foreign_message_erases_nothing_that_lives(
    waiting: Waiting, subject: str, account_id: object
) -> None:
    before = await all_keys(waiting.resources.objects)
    for named, by in ((waiting.image_id, waiting.account_id), (subject, account_id)):
        data = {"account_id": waiting.account_id if by == "" else by}
        event = Event(id="1", type="image.deleted", subject=named, time=clock.now(), data=data)
        await waiting.delivery.send(event_message(event))
    await waiting.tell(waiting.rejected().model_copy(update={"image_id": ""}))
    assert await all_keys(waiting.resources.objects) == before
    assert (await waiting.row()).status == "processing"
