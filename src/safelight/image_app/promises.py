"""What is promised to be done later: jobs, and the erasure of what nobody needs any more."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from safelight.contract.messages import Event, Job, WantedVariant, event_message, job_message
from safelight.image_app import clock, overlays
from safelight.image_app.models import Found
from safelight.image_app.work import Work

LOST_AFTER = timedelta(minutes=30)
"""Longer than all tries of a job: one that is not answered by then may be asked for again."""


async def promise_job(
    work: Work, image: Mapping[str, Any], job_id: str, wanted: Sequence[WantedVariant]
) -> None:
    """Have these variants made of the image, whose columns are given."""
    transformations = [variant.transformation for variant in wanted]
    account_id = image["account_id"]
    job = Job(
        id=job_id,
        account_id=account_id,
        image_id=image["id"],
        content_type=image["content_type"],
        size=image["size"],
        sha256=image["sha256"],
        variants=list(wanted),
        overlays=await overlays.overlays_of(work.connection, account_id, transformations),
    )
    work.promise(job_message(job, clock.now()), account_id)


def promise_erasure(work: Work, image: Found, name: str, fingerprint: str) -> None:
    """Erase what was made under a fingerprint, unless something refers to it by then.

    For what no client ever saw, so nothing is written into the image's history.
    """
    data = {"account_id": image.account_id, "image_id": image.id} | told(image, name, fingerprint)
    event = Event(
        id=clock.new_id(), type="variant.deleted", subject=image.id, time=clock.now(), data=data
    )
    work.promise(event_message(event))


def promise_erasure_of_all(work: Work, account_id: str, image_id: str) -> None:
    """Erase everything of an image that is no row, so that nothing is written into its history."""
    data = {"account_id": account_id, "image_id": image_id}
    event = Event(
        id=clock.new_id(), type="image.deleted", subject=image_id, time=clock.now(), data=data
    )
    work.promise(event_message(event))


def told(image: Found, name: str, fingerprint: str) -> dict[str, str]:
    """What `variant.deleted` says of the object that goes."""
    return {"name": name, "fingerprint": fingerprint, "sha256": image.sha256}
