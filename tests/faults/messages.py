"""Messages that come twice, late, in another order, from somebody else, or by the megabyte."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
from sqlalchemy import Table, select

from safelight.contract.messages import (
    JOBS,
    Event,
    EventType,
    Job,
    MadeVariant,
    Message,
    Outcome,
    event_message,
    outcome_message,
)
from safelight.contract.messages import Fault as Reason
from safelight.image_app import clock
from safelight.image_app.models import dead_letters, events, images, variants
from tests.faults import wire
from tests.faults.customer import Customer
from tests.faults.fault import BOTH, Fault
from tests.faults.ground import Ground
from tests.faults.shapes import garbage, large, spoiled
from tests.faults.wire import Record
from tests.journeys import pictures

SOME, MANY = 4, 40
"""Pictures of this fault's own; jobs that are done again, which are work."""
TOLD = ("pictures", "images", "variants", "events")
MEASURED = ("name", "fingerprint", "content_type", "width", "height", "size")


def triple(ground: Ground) -> None:
    """Each promise three times, and with it each outcome."""
    wire.copy_promises(ground)
    with wire.tripled(ground):
        ann = ground.client()
        ids = [ann.surely(pictures.jpeg(number=n)) for n in range(SOME)]
        _delete(ground, ann, ids.pop())
        ground.promise_more(MANY // 2)
        with wire.at_rest(ground):
            assert [ann.image(i)["status"] for i in ids] == ["ready"] * len(ids)


def replay(ground: Ground) -> None:
    """All outcomes and events from the first on, and the last jobs: nothing is changed by it."""
    wire.copy_promises(ground)
    ann = ground.client()
    ids = [ann.surely(pictures.jpeg(number=n)) for n in range(SOME)]
    _delete(ground, ann, ids.pop())
    with wire.at_rest(ground):
        before = _state(ground, ann)
        jobs = wire.written(ground, JOBS)[-MANY:]
        told = [m for t in wire.topics(ground) if t != JOBS for m in wire.written(ground, t)]
        assert jobs
        assert told
        wire.write(ground, [Record.of(message) for message in (*jobs, *told)])
        # Still at rest: an upload in between would be a change of its own.
        wire.wait_until_taken(ground)
        after = _state(ground, ann)
        for what, then, now in zip(TOLD, before, after, strict=True):
            changed = sorted(now ^ then)
            assert not changed, f"the {what} are not what they were: {changed[:4]}"


def come_late(ground: Ground) -> None:
    """What belongs to yesterday moves nothing, and brings nothing back."""
    wire.copy_promises(ground)
    ann = ground.client()
    kept, gone = (ann.surely(pictures.jpeg(number=n)) for n in range(2))
    with wire.at_rest(ground):
        old = {_job(m).image_id: _job(m) for m in wire.written(ground, JOBS)}
        outcomes = {image_id: _answer(ground, old[image_id]) for image_id in (kept, gone)}
    _delete(ground, ann, gone)
    with wire.at_rest(ground):
        before, offset = _letters(ground), ground.log_size()
    ground.ledger.reprocessed(kept)
    assert ann.post(f"/v1/images/{kept}/reprocess").status_code == httpx.codes.ACCEPTED
    account_id = old[kept].account_id
    name, fingerprint = ground.product.rows(
        select(variants.c.name, variants.c.fingerprint).where(variants.c.image_id == kept)
    )[0]
    late = [
        outcomes[kept],
        _refusal(old[kept]),
        # Of a picture that is gone: its job, its outcome, and what was told of it.
        Message(JOBS, gone, old[gone].model_dump_json().encode()),
        outcomes[gone],
        _refusal(old[gone]),
        _event("image.ready", account_id, gone),
        _event("image.deleted", account_id, gone),
        # Before anybody has deleted anything.
        _event("variant.deleted", account_id, kept, name=name, fingerprint=fingerprint),
        _event("image.deleted", account_id, kept),
    ]
    ground.random.shuffle(late)
    wire.write(ground, [Record.of(m) for m in late if m.topic in wire.topics(ground)])
    with wire.at_rest(ground):
        assert ann.image(kept)["status"] == "ready"
        assert not [key for key in ground.product.objects() if gone in key]
        assert not ground.product.rows(select(images.c.id).where(images.c.id == gone))
        reasons = [x["headers"]["safelight-reason"] for x in _letters(ground)[len(before) :]]
        assert set(reasons) == {"the image is not deleted"}
        assert len(reasons) <= _most(ground, 1, offset)


def come_broken(ground: Ground) -> None:
    """Each is a dead letter that can be read, and holds up nobody."""
    wire.copy_promises(ground)
    ann = ground.client()
    image_id = ann.surely(pictures.jpeg(number=1))
    with wire.at_rest(ground):
        job = next(m for m in wire.written(ground, JOBS) if m.key == image_id)
        outcome = _answer(ground, _job(job))
    told = _event("image.deleted", _job(job).account_id, image_id)
    records = [
        *(r for topic in wire.topics(ground) for r in garbage(topic, image_id).values()),
        *(
            r
            for m in (job, outcome, told)
            if m.topic in wire.topics(ground)
            for r in spoiled(m).values()
        ),
    ]
    ground.random.shuffle(records)
    _bury(ground, records)
    assert ann.image(image_id)["status"] == "ready"


def come_large(ground: Ground) -> None:
    """A megabyte, and as much as the broker takes."""
    ann = ground.client()
    image_id = ann.surely(pictures.jpeg(number=1))
    assert ann.processed(image_id)["status"] == "ready"
    _bury(ground, [r for topic in wire.topics(ground) for r in large(topic, image_id).values()])
    assert ann.image(image_id)["status"] == "ready"


def _bury(ground: Ground, records: Sequence[Record]) -> None:
    """Write what nobody can read, and wait until all of it can be looked into."""
    ground.may_trace = True
    before, offset = len(_letters(ground)), ground.log_size()
    wire.write(ground, records)
    ground.until("the dead letters", lambda: len(_letters(ground)) >= before + len(records))
    with wire.at_rest(ground):
        letters = _letters(ground)[before:]
    most = _most(ground, len(records), offset)
    assert len(records) <= len(letters) <= most, f"{len(letters)} dead letters of {len(records)}"
    assert all(letter["headers"]["safelight-reason"] for letter in letters)
    wanted = Counter((r.topic, sha256(r.body or b"").hexdigest()) for r in records)
    kept = Counter(
        (letter["headers"]["safelight-topic"], sha256(letter["body"]).hexdigest())
        for letter in letters
    )
    cut = [x for x in letters if "too many to keep" in x["headers"]["safelight-reason"]]
    assert (wanted - kept).total() <= len(cut), "a dead letter is not what was written"


def _most(ground: Ground, count: int, offset: int) -> int:
    """Dead letters that so many messages make: one more whenever the broker takes a partition from
    whoever has handled its last message, and that is handled again.
    """
    return count + ground.log_since(offset).count('"not committed"')


def _state(ground: Ground, ann: Customer) -> tuple[Any, ...]:
    """The bytes that one account is delivered; and every image, variant and event there is."""
    delivered = {
        url.partition("?")[0]: sha256(ann.get(url).content).hexdigest()
        for image in ann.all_images()
        for url in (image["url"], *(variant["url"] for variant in image["variants"]))
    }
    return set(delivered.items()), *(_rows(ground, table) for table in (images, variants, events))


def _rows(ground: Ground, table: Table) -> set[str]:
    return {str(row) for row in ground.product.rows(select(table))}


def _letters(ground: Ground) -> list[dict[str, Any]]:
    """The dead letters, oldest first."""
    query = select(dead_letters).order_by(dead_letters.c.id)
    names = dead_letters.c.keys()
    return [dict(zip(names, row, strict=True)) for row in ground.product.rows(query)]


def _job(message: Message) -> Job:
    return Job.model_validate_json(message.body)


def _answer(ground: Ground, job: Job) -> Message:
    """The outcome of a job, as it was."""
    columns = [variants.c[name] for name in MEASURED]
    query = select(*columns).where(variants.c.image_id == job.image_id)
    made = [
        MadeVariant(**dict(zip(MEASURED, row, strict=True))) for row in ground.product.rows(query)
    ]
    outcome = Outcome(**_whose(job), variants=made)
    return outcome_message(outcome, datetime.now(UTC))


def _refusal(job: Job) -> Message:
    """Another outcome of the same job."""
    fault = Reason(code="corrupt-image", detail="The picture is broken.")
    return outcome_message(Outcome(**_whose(job), error=fault), datetime.now(UTC))


def _whose(job: Job) -> dict[str, str]:
    whose = job.model_dump(include={"account_id", "image_id", "sha256"})
    return whose | {"job_id": job.id}


def _event(kind: EventType, account_id: str, image_id: str, **data: str) -> Message:
    """As the product would tell it."""
    told = {"account_id": account_id, "image_id": image_id} | data
    return event_message(
        Event(id=clock.new_id(), type=kind, subject=image_id, time=datetime.now(UTC), data=told)
    )


def _delete(ground: Ground, ann: Customer, image_id: str) -> None:
    ground.ledger.leaving(image_id)
    answer = ann.delete(f"/v1/images/{image_id}")
    assert answer.status_code == httpx.codes.NO_CONTENT, answer.text
    ground.ledger.gone(image_id)


FAULTS = [
    Fault("messages come three times", BOTH, triple),
    Fault("messages come again", BOTH, replay),
    Fault("messages come late, in another order", BOTH, come_late),
    Fault("messages are broken", BOTH, come_broken),
    Fault("messages are large", BOTH, come_large),
]
