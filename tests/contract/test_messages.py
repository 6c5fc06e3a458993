"""What travels: its golden files make a change on the wire a visible diff.

To change one on purpose, change the file by hand: a release that is still running reads it too.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from safelight.contract import messages
from safelight.contract.messages import (
    Description,
    Event,
    Fault,
    Job,
    MadeVariant,
    Message,
    Outcome,
    WantedVariant,
)
from safelight.contract.presets import BUILT_IN
from safelight.contract.transformations import Transformation

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 23, 8, 0, 0, 123000, UTC)
ACCOUNT = "01938a6e-0000-7000-8000-00000000000a"
IMAGE = "01938a6e-0000-7000-8000-00000000000b"
JOB = "01938a6e-0000-7000-8000-00000000000c"
SHA256 = "0123456789abcdef" * 4

job = Job(
    id=JOB,
    account_id=ACCOUNT,
    image_id=IMAGE,
    content_type="image/jpeg",
    size=2345678,
    sha256=SHA256,
    variants=[WantedVariant(name=n, transformation=t) for n, t in BUILT_IN.items()],
)
made = Outcome(
    job_id=JOB,
    account_id=ACCOUNT,
    image_id=IMAGE,
    sha256=SHA256,
    description=Description(
        width=4000,
        height=3000,
        frames=1,
        placeholder="data:image/webp;base64,UklGRg==",
        dominant_color="#8899aa",
        taken_at=NOW,
    ),
    variants=[
        MadeVariant(
            name="thumb",
            fingerprint="6efcb56e69218760",
            content_type="image/webp",
            width=100,
            height=100,
            size=3456,
        ),
        MadeVariant(
            name="small",
            fingerprint="65411ed761623e42",
            error=Fault(code="processing-error", detail="The variant could not be made."),
        ),
    ],
)
rejected = Outcome(
    job_id=JOB,
    account_id=ACCOUNT,
    image_id=IMAGE,
    sha256=SHA256,
    error=Fault(code="corrupt-image", detail="The picture can't be read."),
)
event = Event(
    id=JOB,
    type="image.uploaded",
    subject=IMAGE,
    time=NOW,
    data={"account_id": ACCOUNT, "image_id": IMAGE, "name": "harbour.jpg"},
)

TRAVELLING = {
    "job": messages.job_message(job, NOW),
    "outcome": messages.outcome_message(made, NOW),
    "outcome-rejected": messages.outcome_message(rejected, NOW),
    "event": messages.event_message(event),
    "dead-letter": messages.dead_letter(messages.job_message(job, NOW), "OSError: no room"),
}
BODIES = {"job": job, "outcome": made, "outcome-rejected": rejected, "event": event}


def _golden(name: str) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return golden


@pytest.mark.parametrize("name", TRAVELLING)
def test_a_message_is_on_the_wire_as_its_golden_file_has_it(name: str) -> None:
    message = TRAVELLING[name]
    assert {
        "topic": message.topic,
        "key": message.key,
        "headers": message.headers,
        "body": json.loads(message.body),
    } == _golden(name)


def test_every_golden_file_is_looked_at() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(TRAVELLING)


@pytest.mark.parametrize("name", BODIES)
def test_a_golden_body_is_read_as_what_was_written(name: str) -> None:
    body = json.dumps(_golden(name)["body"])
    assert type(BODIES[name]).model_validate_json(body) == BODIES[name]


@pytest.mark.parametrize("name", BODIES)
def test_unknown_fields_of_a_later_release_are_ignored(name: str) -> None:
    body = _golden(name)["body"] | {"from_the_future": {"a": [1]}}
    assert type(BODIES[name]).model_validate_json(json.dumps(body)) == BODIES[name]


def test_fields_that_an_earlier_release_did_not_send_have_defaults() -> None:
    ids = {"job_id": JOB, "account_id": ACCOUNT, "image_id": IMAGE, "sha256": SHA256}
    assert Outcome.model_validate(ids).variants == []
    assert Outcome.model_validate(ids).error is None
    bare = MadeVariant.model_validate({"name": "thumb", "fingerprint": "f" * 16})
    assert bare.error is None
    needed = {"id": JOB, "type": "image.ready", "subject": IMAGE, "time": NOW, "data": {}}
    assert Event.model_validate(needed).specversion == "1.0"
    without = _golden("outcome")["body"]["description"]
    del without["taken_at"], without["has_alpha"]
    assert Description.model_validate(without).taken_at is None
    assert Description.model_validate(without).has_alpha is None
    old = _golden("job")["body"]
    del old["overlays"]
    assert Job.model_validate(old).overlays == []


def test_a_processor_of_the_last_release_is_sent_no_option_that_has_its_default() -> None:
    plain = WantedVariant(name="it", transformation=Transformation(width=10, blur=None, hue=360.0))
    assert json.loads(plain.model_dump_json()) == {"name": "it", "transformation": {"width": 10}}


def test_an_option_of_a_later_release_is_not_overlooked_by_a_processor() -> None:
    body = _golden("job")["body"]
    body["variants"][0]["transformation"]["x_ray"] = 3
    with pytest.raises(ValidationError):
        Job.model_validate_json(json.dumps(body))


@pytest.mark.parametrize("name", TRAVELLING)
def test_every_header_that_cloudevents_requires_is_there(name: str) -> None:
    headers = TRAVELLING[name].headers
    assert headers["ce_specversion"] == "1.0"
    assert all(headers[f"ce_{attribute}"] for attribute in ("id", "source", "type"))
    assert datetime.fromisoformat(headers["ce_time"]) == NOW
    whole = name == "event"
    assert headers["content-type"] == f"application/{'cloudevents+' if whole else ''}json"


@pytest.mark.parametrize("name", TRAVELLING)
def test_every_message_is_keyed_by_its_image_and_on_a_known_topic(name: str) -> None:
    assert TRAVELLING[name].key == IMAGE
    assert TRAVELLING[name].topic in messages.TOPICS


def test_a_dead_letter_keeps_the_bytes_as_they_were_and_tells_why() -> None:
    message = Message(messages.OUTCOMES, IMAGE, b"\xff no JSON", {"ce_id": JOB})
    letter = messages.dead_letter(message, "not a valid Outcome")
    assert letter.topic == messages.DEAD_LETTERS
    assert (letter.key, letter.body) == (message.key, message.body)
    assert letter.headers == {
        "ce_id": JOB,
        "safelight-topic": messages.OUTCOMES,
        "safelight-reason": "not a valid Outcome",
    }
    assert message.headers == {"ce_id": JOB}
