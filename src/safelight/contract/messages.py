"""Jobs, outcomes and events: what travels, and on which topic.

Bodies are JSON of these models, CloudEvents 1.0 attributes are in the headers. Unknown fields
are ignored and new ones have defaults, so that neighbouring releases understand each other.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from safelight.contract.transformations import Transformation

JOBS = "safelight.jobs"
OUTCOMES = "safelight.outcomes"
EVENTS = "safelight.events"
DEAD_LETTERS = "safelight.dead-letters"
PROCESSOR = "processor"
"""Name under which the processors share the jobs."""
STRUCTURED = "application/cloudevents+json"
TOPICS = (JOBS, OUTCOMES, EVENTS, DEAD_LETTERS)


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such time in UTC") from None


# What is said of a picture is believed as far as a database can keep it and a page can show it.
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Words = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Code = Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]
Color = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]

EventType = Literal[
    "image.uploaded",
    "image.updated",
    "image.ready",
    "image.failed",
    "image.deleted",
    "variant.ready",
    "variant.deleted",
]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it travels.

    Messages of one topic with the same key, an image id, are handled in the order in which
    they were promised, and possibly more than once.
    """

    topic: str
    key: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Fault(Body):
    """Why something can't be done, in words the owner of the picture understands."""

    code: Code
    detail: Words


class WantedVariant(Body):
    """A variant to make."""

    name: str
    transformation: Transformation


class Overlay(Body):
    """Another image of the same account, that a watermark lays over the picture."""

    image_id: str
    content_type: str


class Job(Body):
    """Please make these variants of this original."""

    id: str
    account_id: str
    image_id: str
    content_type: str
    size: int
    sha256: str
    variants: list[WantedVariant]
    overlays: list[Overlay] = []


class MadeVariant(Body):
    """What became of one wanted variant: `error` is None when the object is there."""

    name: str
    fingerprint: str
    content_type: str | None = None
    width: Whole | None = None
    height: Whole | None = None
    size: Whole | None = None
    error: Fault | None = None


class Description(Body):
    """What the processor saw in a picture. Sides are as displayed, in pixels."""

    width: Whole
    height: Whole
    frames: Whole
    placeholder: Words
    dominant_color: Color
    taken_at: Time | None = None
    has_alpha: bool | None = None


class Outcome(Body):
    """The answer to a job. With `error` the picture itself was rejected and will be again."""

    job_id: str
    account_id: str
    image_id: str
    sha256: str
    error: Fault | None = None
    description: Description | None = None
    variants: list[MadeVariant] = []


class Event(Body):
    """Something that happened to an image, as a CloudEvents 1.0 document."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str = "/safelight"
    type: EventType
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, Any]


def job_message(job: Job, now: datetime) -> Message:
    """The job, keyed by its image."""
    return _message(JOBS, "image.job", job.image_id, job.id, now, job)


def outcome_message(outcome: Outcome, now: datetime) -> Message:
    """The outcome, keyed by its image; it carries the id of the job that it answers."""
    return _message(OUTCOMES, "image.outcome", outcome.image_id, outcome.job_id, now, outcome)


def event_message(event: Event) -> Message:
    """The event, keyed by its image: the CloudEvents document as a whole."""
    message = _message(EVENTS, event.type, event.subject, event.id, event.time, event)
    return replace(message, headers=message.headers | {"content-type": STRUCTURED})


def dead_letter(message: Message, reason: str) -> Message:
    """The message that could not be handled, its bytes as they were, with the reason beside it."""
    headers = message.headers | {"safelight-topic": message.topic, "safelight-reason": reason}
    return Message(DEAD_LETTERS, message.key, message.body, headers)


def _message(topic: str, kind: str, key: str, id_: str, time: datetime, body: Body) -> Message:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": id_,
        "ce_source": "/safelight",
        "ce_type": kind,
        "ce_subject": key,
        "ce_time": time.isoformat(),
        "content-type": "application/json",
    }
    return Message(topic, key, body.model_dump_json().encode(), headers)
