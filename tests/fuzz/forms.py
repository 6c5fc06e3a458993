"""The form around a file, mostly as it should be, now and then damaged or lying."""

from dataclasses import dataclass
from random import Random

from tests.fuzz.mutations import flip_bits, overwrite, set_number

BOUNDARY = b"----edge"
DAMAGED = 0.12
LYING = 0.1
"""Of the damaged forms, how many say a length that is not theirs."""
TYPES = (
    "multipart/form-data; boundary=----edge",
    'multipart/form-data; boundary="----edge"',
    "multipart/form-data; boundary=",
    "multipart/form-data",
    "multipart/mixed; boundary=----edge",
    "multipart/form-data; boundary=--; boundary=----edge",
    "multipart/form-data; boundary=" + "e" * 300,
    "image/jpeg",
    "application/x-www-form-urlencoded",
    "multipart/form-data;;;=",
)
NAMES = ("a.jpg", "", "../../etc/passwd", 'a";name="b', "ä\u202egpj.exe", "x" * 5000, "\x01\x7f")
FIELDS = (
    ("tags", "sea"),
    ("tags", "x" * 300),
    ("presets", "thumb"),
    ("presets", "nothing"),
    ("name", "\u0000"),
    ("name", "n" * 70_000),
    ("description", "{{7*7}}"),
    ("visibility", "public"),
    ("visibility", "secret"),
    ("status", "ready"),
    ("", ""),
)


@dataclass(frozen=True)
class Form:
    """What is sent: `length` is what the request says of the body."""

    content_type: str
    body: bytes
    length: int
    intact: bool

    def lies(self) -> bool:
        return self.length != len(self.body)


def form(rng: Random, content: bytes) -> Form:
    """The upload of one file."""
    if rng.random() >= DAMAGED:
        body = _part("file", content, "a.jpg") + _end()
        return Form(TYPES[0], body, len(body), intact=True)
    parts = [_part("file", content, rng.choice(NAMES))]
    for _ in range(rng.choice((0, 1, 2, 5, 150))):
        name, value = rng.choice(FIELDS)
        parts.insert(rng.randrange(len(parts) + 1), _part(name, value.encode()))
    if rng.random() < 0.2:
        parts.append(rng.choice(parts))
    if rng.random() < 0.1:
        parts.insert(0, _part("file", b"".join(parts), "nested"))
    body = b"".join(parts) + rng.choice((_end(), _end(), b"", b"\r\n--" + BOUNDARY, b"\r\n--x--"))
    if rng.random() < 0.3:
        head = rng.choice((flip_bits, overwrite_head, set_number))(rng, body[:200])
        body = head + body[200:]
    length = len(body)
    if rng.random() < LYING:
        length = max(0, length + rng.choice((-1000, -1, 1, 1000, 30 << 20)))
    kind = rng.choice((TYPES[0], TYPES[0], rng.choice(TYPES)))
    return Form(kind, body, length, intact=False)


def overwrite_head(rng: Random, head: bytes) -> bytes:
    return overwrite(rng, head, b"")


def _part(name: str, content: bytes, filename: str | None = None) -> bytes:
    what = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    line = b"Content-Disposition: " + what.encode()
    return b"\r\n--" + BOUNDARY + b"\r\n" + line + b"\r\n\r\n" + content


def _end() -> bytes:
    return b"\r\n--" + BOUNDARY + b"--\r\n"
