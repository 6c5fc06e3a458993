"""A decoder that was taken over: a child's program that runs in the very same room.

A picture is one try: its only wanted variant says which, and the output has what came of it.
"""

import ctypes
import json
import mmap
import os
import signal
import sys
import threading
from collections.abc import Callable

from safelight.contract.messages import Description
from safelight.image_process_app.decoder import child, opener
from safelight.image_process_app.decoder.protocol import END, Done, Line, Made, Opened, Request
from tests.image_process_app.hostile_tries import TRIES, attempt, checked, libc, mapped, old_code

SEEN = Description(width=1, height=1, frames=1, placeholder="", dominant_color="#000000")


def process(say: Callable[[Line], None], request: Request, source: int, target: int) -> None:
    """In place of a decoder."""
    [wanted] = request.wanted
    say(Opened())
    if wanted.name in TRIES:
        content = json.dumps(attempt(wanted.name, request.content_type, source, target)).encode()
    else:
        content = DEEDS[wanted.name](say, target)
    os.lseek(target, 0, os.SEEK_SET)
    os.write(target, content)
    say(Made(name=wanted.name, content_type="image/png", width=1, height=1, size=len(content)))
    say(Done(description=SEEN))


def burn(*_: object) -> bytes:
    while True:
        pass


def sleep(*_: object) -> bytes:
    threading.Event().wait()
    return b""


def stop(*_: object) -> bytes:
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    return b""


def abort(*_: object) -> bytes:
    os.abort()


def shout(*_: object) -> bytes:
    os.write(2, b"a hostile word\n" * 1000)
    print("a hostile word", flush=True)
    return b"said"


def talk(say: Callable[[Line], None], _: int) -> bytes:
    while True:
        say(Opened())


def talk_without_end(*_: object) -> bytes:
    while True:
        os.write(int(sys.argv[1]), b"x" * 4096)


held: list[int] = []


def hold_on(_: object, target: int) -> bytes:
    """Keep the output mapped, to change it when it is read."""
    os.write(target, b"good")
    mapped(target, mmap.PROT_READ | mmap.PROT_WRITE)
    return b"good"


def come_back(_: object, target: int) -> bytes:
    """Keep a descriptor of the output, to change it when it is read."""
    held.append(checked(libc.dup(target)))
    return b"good"


def change(*_: object) -> bytes:
    [fd] = held
    try:
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, b"evil")
    except OSError as refusal:
        return str(refusal).encode()
    return b"changed"


def weigh(*_: object) -> bytes:
    """How many bytes there still are of the output that it kept."""
    [fd] = held
    return str(os.lseek(fd, 0, os.SEEK_END)).encode()


def talk_ahead(*_: object) -> bytes:
    """Answer the next request too, in one breath."""
    done = Done(description=SEEN).model_dump_json().encode() + END
    os.write(int(sys.argv[1]), done * 2)
    return sleep()


def speak_old(*_: object) -> bytes:
    address = ctypes.addressof(ctypes.c_char.from_buffer(old_code))
    return str(ctypes.CFUNCTYPE(ctypes.c_int)(address)()).encode()


DEEDS: dict[str, Callable[[Callable[[Line], None], int], bytes]] = {
    "burn": burn,
    "sleep": sleep,
    "stop": stop,
    "abort": abort,
    "shout": shout,
    "talk": talk,
    "talk without end": talk_without_end,
    "hold on": hold_on,
    "come back": come_back,
    "change": change,
    "weigh": weigh,
    "talk ahead": talk_ahead,
    "speak old": speak_old,
}
"""What is not refused, and must not matter."""


def main() -> None:
    """As the program of a child, or outside of any room."""
    match sys.argv[1:]:
        case ["outside", tried, place]:
            print(json.dumps(attempt(tried, place, 0, 1)))
        case ["as", user, *_]:
            opener.load()  # another user may not be able to
            os.setgroups([])
            os.setgid(int(user))
            os.setuid(int(user))
            libc.prctl(4, 1, 0, 0, 0)  # dumpable, as is what a user starts
            del sys.argv[1:3]
            child.main(process)
        case _:
            child.main(process)
