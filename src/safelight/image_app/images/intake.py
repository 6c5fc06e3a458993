"""Taking a file in: streamed to the object store while it is counted, hashed and sniffed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from fastapi import Request
from pydantic import ValidationError

from safelight.backends.objects import Objects
from safelight.image_app import errors
from safelight.image_app.images import sniff
from safelight.image_app.images.incoming import Incoming
from safelight.image_app.images.schemas import MAX_NAME, UploadFields
from safelight.image_app.resources import Rules
from safelight.image_app.schemas import field_errors

HEAD = 1 << 20
"""Bytes kept to find the sides in: a header lies behind its profiles, which can be large."""
REPEATED = ("tags", "presets")

Presets = Callable[[], Awaitable[Container[str]]]


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is in the object store, and what came with it; `digest` tells whether another
    upload asked the same.
    """

    name: str
    fields: UploadFields
    size: int
    sha256: str
    digest: str
    content_type: str
    sides: tuple[int, int] | None


async def receive(
    request: Request, objects: Objects, key: str, rules: Rules, presets: Presets
) -> Received:
    """Store the request's file under `key`; `presets` gives the names of those that there are, and
    is asked when the body has come, and before the object is there.

    Whatever is wrong is raised while the store still waits for more, so no object is made.
    """
    reader = _Reader(request, rules, presets)
    await objects.put(key, reader.chunks(), reader.hash)
    return reader.received()


class _Reader:
    """Reads one upload: gives the file's bytes onwards, remembers everything else."""

    def __init__(self, request: Request, rules: Rules, presets: Presets) -> None:
        self._incoming = Incoming(request, rules)
        self._form = self._incoming.form
        self._rules = rules
        self._presets = presets
        self.hash = sha256()
        self._size = 0
        self._head = bytearray()
        self._measured = False
        self._content_type: str | None = None
        self._sides: tuple[int, int] | None = None
        self._fields = UploadFields()

    async def chunks(self) -> AsyncIterator[bytes]:
        held: list[bytes] = []
        async for chunk in self._incoming.chunks():
            self._look_at(chunk)
            held.append(chunk)
            if not self._measured and len(self._head) >= HEAD:
                await self._measure()
            if self._content_type:
                for piece in held:
                    yield piece
                held.clear()
        if self._size == 0:
            raise errors.EMPTY_FILE()
        if self._content_type is None:
            self._recognise()
        if not self._measured:
            await self._measure()
        self._fields = self._read_fields(await self._presets())
        yield b"".join(held)

    def received(self) -> Received:
        assert self._content_type is not None  # noqa: S101 - `chunks` has ended
        digest = self.hash.hexdigest()
        return Received(
            name=self._fields.name or name_of(self._form.filename or ""),
            fields=self._fields,
            size=self._size,
            sha256=digest,
            digest=self._form.digest(digest),
            content_type=self._content_type,
            sides=self._sides,
        )

    def _look_at(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if not self._measured and len(self._head) < HEAD:
            self._head += chunk[: HEAD - len(self._head)]
            if self._content_type is None and len(self._head) >= sniff.ENOUGH:
                self._recognise()

    def _recognise(self) -> None:
        self._content_type = sniff.content_type(bytes(self._head[: sniff.ENOUGH]))
        if self._content_type is None:
            raise errors.UNSUPPORTED_IMAGE()

    async def _measure(self) -> None:
        # In a thread: a header of a million crumbs must not hold up everybody else.
        self._sides = await asyncio.to_thread(sniff.sides, bytes(self._head))
        self._measured = True
        self._head.clear()
        if self._sides is None:
            return
        width, height = self._sides
        if not width or not height:
            raise errors.CORRUPT_IMAGE("The header gives the picture no width or no height.")
        rules = self._rules
        if max(width, height) > rules.side or width * height > rules.pixels:
            raise errors.IMAGE_TOO_LARGE(
                f"The picture has {width} x {height} pixels; at most {rules.side} a side and "
                f"{rules.pixels} in all are taken."
            )

    def _read_fields(self, known: Container[str]) -> UploadFields:
        values: dict[str, object] = {}
        twice: list[errors.FieldError] = []
        for name, value in self._form.fields:
            if name in REPEATED:
                repeated = values.setdefault(name, [])
                assert isinstance(repeated, list)  # noqa: S101 - tells the type checker
                repeated.append(value)
            elif name in values:
                twice.append(errors.FieldError(name, "is given more than once"))
            else:
                values[name] = value
        if twice:
            raise errors.VALIDATION_FAILED(errors=twice)
        try:
            fields = UploadFields.model_validate(values)
        except ValidationError as error:
            found = field_errors(error.errors(include_url=False, include_input=False))
            raise errors.VALIDATION_FAILED(errors=found) from None
        for preset in fields.presets:
            if preset not in known:
                raise errors.UNKNOWN_PRESET(f"There is no preset '{preset[:32]}'.")
        return fields


def name_of(filename: str) -> str:
    """A file's own name as an image's name: its last path part, printable characters only."""
    last = PurePosixPath(filename.replace("\\", "/")).name
    printable = "".join(c for c in last if c.isprintable()).strip()[:MAX_NAME].strip()
    return printable if printable.strip(".") else "untitled"
