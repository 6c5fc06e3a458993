"""A child may have been taken over by what it opened: it is not believed blindly."""

import asyncio
import socket
import sys
from collections.abc import Sequence

import pytest

from safelight.backends.memory_file import memory_file
from safelight.contract.messages import Description, Fault, WantedVariant
from safelight.contract.presets import BUILT_IN
from safelight.image_process_app.decoder.pool import Child
from safelight.image_process_app.decoder.protocol import Done, Line, Made, Making, Opened
from safelight.image_process_app.decoder.worker import ChildFailed, Worker
from safelight.image_process_app.limits import Limits

WANTED = [WantedVariant(name=name, transformation=BUILT_IN[name]) for name in ("thumb", "small")]
SEEN = Description(width=1, height=1, frames=1, placeholder="", dominant_color="#000000")
DONE = Done(description=SEEN)
UNBELIEVABLE = [
    DONE.model_dump_json().replace(true, lie).encode()
    for true, lie in (
        ('"width":1', f'"width":{2**31}'),
        ('"width":1', f'"width":{"9" * 4000}'),
        ('"height":1', '"height":-1'),
        ('"height":1', '"height":NaN'),
        ('"placeholder":""', r'"placeholder":"\u0000"'),
        ('"placeholder":""', f'"placeholder":"{"x" * 5000}"'),
        ("#000000", "<script>"),
        ('"taken_at":null', '"taken_at":"0001-01-01T00:00:00+14:00"'),
        ('"taken_at":null', '"taken_at":"2000-01-01T00:00:00"'),
    )
] + [
    b'{"kind": "refused", "error": {"code": "no code", "detail": ""}}',
    rb'{"kind": "refused", "error": {"code": "corrupt-image", "detail": "\u0000"}}',
    rb'{"kind": "refused", "error": {"code": "corrupt-image", "detail": "\ud800"}}',
]
"""What no column of a database keeps, or no page should show."""


def a_variant(name: str, size: int = 3) -> Made:
    return Made(name=name, content_type="image/webp", width=1, height=1, size=size)


async def asked(answers: Sequence[Line | bytes], describe: bool = True) -> tuple[list[str], bool]:
    """What a child is taken for that says this: the names it made, and whether it is kept."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(60)", start_new_session=True
    )
    worker = Worker(process, ours)
    said = [
        line if isinstance(line, bytes) else line.model_dump_json().encode() for line in answers
    ]
    try:
        with theirs, memory_file("variants") as target:
            socket.socket.sendall(theirs, b"".join(line + b"\n" for line in said))
            theirs.shutdown(socket.SHUT_WR)
            _write(target, 6)
            child = Child(worker, 60.0, Limits())
            made, _ = await child.decode("image/jpeg", WANTED, target, target, describe=describe)
            return [variant.name for variant in made], worker.idle
    except ChildFailed:
        assert not worker.idle
        raise
    finally:
        await worker.kill()


def _write(target: int, size: int) -> None:
    with open(target, "wb", closefd=False) as file:
        file.write(bytes(size))


async def test_a_child_that_says_what_can_be_is_kept() -> None:
    answers = [Opened(), a_variant("small"), a_variant("thumb"), DONE]
    assert await asked(answers) == (["small", "thumb"], True)


async def test_a_variant_of_which_it_says_nothing_is_missing() -> None:
    assert await asked([Opened(), a_variant("small"), DONE]) == (["small"], True)
    assert await asked([Opened(), Done()], describe=False) == ([], True)


@pytest.mark.parametrize(
    "answers",
    [
        [a_variant("small"), a_variant("small"), DONE],
        [a_variant("another"), DONE],
        [a_variant("small", size=7), DONE],
        [a_variant("small", size=4), a_variant("thumb", size=3), DONE],
        [a_variant("small", size=0), DONE],
        [Made(name="small", size=3), DONE],
        [Made(name="small", error=Fault(code="x", detail="y")), a_variant("small"), DONE],
        [b'{"kind": "made", "name": "small", "content_type": "text/html", "size": 3}', DONE],
        [b'{"kind": "made", "name": "small", "content_type": "image/png", "size": -3}', DONE],
        *([told] for told in UNBELIEVABLE),
        [Done()],  # without the description that was asked for
        [b"no JSON"],
        [b"[" * 10_000],
    ],
)
async def test_a_child_that_says_what_can_not_be_has_failed(answers: list[Line | bytes]) -> None:
    with pytest.raises(ChildFailed):
        await asked(answers)


@pytest.mark.parametrize(
    ("answers", "blamed"),
    [
        ([Opened(), Making(name="small")], "small"),
        ([Opened(), Making(name="small"), a_variant("small")], None),
        ([Opened(), Making(name="another")], None),
        ([Opened()], None),
    ],
)
async def test_what_a_child_died_of_is_what_it_was_making(
    answers: list[Line | bytes], blamed: str | None
) -> None:
    with pytest.raises(ChildFailed) as failure:
        await asked(answers)
    assert failure.value.variant == blamed
