"""What a test starts from: accounts, uploads, promises, outcomes."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import Message as AsgiMessage

from safelight.backends.cache.memory import MemoryCache
from safelight.backends.database import Database
from safelight.backends.keyring import Keyring
from safelight.backends.objects import Objects
from safelight.backends.rendering.http import HttpRenderer
from safelight.contract import keys
from safelight.contract.messages import (
    JOBS,
    Description,
    Event,
    Job,
    MadeVariant,
    Message,
    Outcome,
)
from safelight.image_app import clock
from safelight.image_app.account_store import StoredAccount
from safelight.image_app.account_store.in_database import DatabaseAccounts
from safelight.image_app.accounts.queries import Used, usage_of
from safelight.image_app.client_address import Proxies
from safelight.image_app.images import queries, upload
from safelight.image_app.links import Links
from safelight.image_app.models import Found, outbox
from safelight.image_app.paging import Cursors
from safelight.image_app.passwords import Passwords
from safelight.image_app.rates import Rates
from safelight.image_app.resources import Resources, Rules
from safelight.image_app.tokens import Tokens
from safelight.image_app.variants import queries as variant_queries

BOUNDARY = "a-boundary"
SECRET = b"a secret for the links and cursors of tests"


@dataclass(frozen=True)
class Pems:
    """A pair of keys as bytes of their files."""

    private: bytes
    public: bytes


@asynccontextmanager
async def resources_over(
    database: Database, objects: Objects, pems: Pems, passwords: Passwords, rules: Rules
) -> AsyncIterator[Resources]:
    """What the composition makes of these."""
    yield Resources(
        database=database,
        accounts=DatabaseAccounts(database),
        objects=objects,
        renderer=HttpRenderer([], ""),
        answers=MemoryCache(),
        passwords=passwords,
        tokens=Tokens(Keyring.of(pems.private, pems.public)),
        links=Links(SECRET),
        cursors=Cursors(SECRET),
        proxies=Proxies(),
        rates=Rates(dict.fromkeys(("render", "upload", "jobs"), "1000/second")),
        rules=rules,
        wake_relay=lambda: None,
        checks={},
    )


def with_rules(resources: Resources, **values: int) -> Resources:
    """The same resources under other rules."""
    return replace(resources, rules=replace(resources.rules, **values))


async def an_account(resources: Resources, username: str = "ann") -> str:
    """Id of a new account that nobody can sign in to."""
    account = a_stored_account(username)
    await resources.accounts.add(account)
    return account.id


def a_stored_account(username: str = "ann", email: str = "") -> StoredAccount:
    """Somebody who is not kept yet."""
    return StoredAccount(
        id=clock.new_id(),
        username=username,
        email=email or f"{username}@example.com",
        password_hash="",
        created_at=clock.now(),
    )


def a_request(
    body: bytes | Iterable[bytes | None], headers: Mapping[str, str] | None = None
) -> Request:
    """A request as the server hands it over, its body in these chunks; None hangs up."""
    chunks = iter([body] if isinstance(body, bytes) else body)

    async def receive() -> AsgiMessage:
        try:
            chunk = next(chunks)
        except StopIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": True}

    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
    return Request(scope, receive)


def a_form(
    content: bytes | None, filename: str = "harbour.jpg", /, **fields: str | list[str]
) -> bytes:
    """A multipart form of the fields and, unless it is None, the file."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    if content is not None:
        head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)
    delimiter = f"--{BOUNDARY}\r\n".encode()
    body = b"".join(delimiter + part + b"\r\n" for part in parts)
    return body + f"--{BOUNDARY}--\r\n".encode()


FORM_HEADERS = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


async def an_upload(
    resources: Resources, account_id: str, content: bytes, **fields: str | list[str]
) -> str:
    """Id of an image that was taken in and waits to be processed."""
    request = a_request(a_form(content, **fields), FORM_HEADERS)
    image_id, _ = await upload.take_in(resources, account_id, request)
    return image_id


async def promised(database: Database, topic: str) -> list[Message]:
    """The undelivered messages of a topic, oldest first."""
    query = select(outbox).where(outbox.c.topic == topic).order_by(outbox.c.id)
    async with database.reading() as connection:
        rows = (await connection.execute(query)).all()
    return [Message(row.topic, row.key, row.body, row.headers) for row in rows]


async def promised_events(database: Database, topic: str) -> list[str]:
    """What the undelivered events tell, oldest first."""
    return [Event.model_validate_json(m.body).type for m in await promised(database, topic)]


async def jobs_of(resources: Resources, image_id: str) -> list[Job]:
    """All jobs that are promised for an image, oldest first."""
    found = [m for m in await promised(resources.database, JOBS) if m.key == image_id]
    return [Job.model_validate_json(message.body) for message in found]


async def job_of(resources: Resources, image_id: str) -> Job:
    """The one job that is promised for an image."""
    [job] = await jobs_of(resources, image_id)
    return job


async def the_image(database: Database, image_id: str) -> Found | None:
    """The row, a tombstone too."""
    async with database.reading() as connection:
        return await queries.find_any(connection, image_id)


async def the_variants(database: Database, image_id: str) -> dict[str, Found]:
    async with database.reading() as connection:
        rows = await variant_queries.all_of(connection, image_id)
    return {row.name: row for row in rows}


async def the_usage(database: Database, account_id: str) -> Used:
    async with database.reading() as connection:
        return await usage_of(connection, account_id)


async def all_keys(objects: Objects) -> set[str]:
    """Every object there is."""
    return {key async for batch in objects.list("") for key, _ in batch}


async def chunks_of(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def process(resources: Resources, job: Job, content: bytes = b"pixels") -> Outcome:
    """What a processor would do: an object for each variant, and the outcome that tells of it."""
    made = []
    for variant in job.variants:
        fingerprint = variant.transformation.fingerprint()
        key = keys.variant(job.account_id, job.image_id, fingerprint, job.sha256)
        await resources.objects.put(key, chunks_of(content))
        made.append(
            MadeVariant(
                name=variant.name,
                fingerprint=fingerprint,
                content_type="image/webp",
                width=10,
                height=20,
                size=len(content),
            )
        )
    return Outcome(
        job_id=job.id,
        account_id=job.account_id,
        image_id=job.image_id,
        sha256=job.sha256,
        description=Description(
            width=640, height=427, frames=1, placeholder="data:,", dominant_color="#112233"
        ),
        variants=made,
    )


async def rows_of(connection: AsyncConnection, table: Any) -> list[Found]:
    return list((await connection.execute(select(table))).all())


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
