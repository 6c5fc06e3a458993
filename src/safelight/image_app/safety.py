"""Headers that make every answer safe, whatever it is, as ready bytes."""

Header = tuple[bytes, bytes]

ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
TLS: Header = (b"strict-transport-security", b"max-age=31536000")
UNLESS_SAID: tuple[tuple[bytes, tuple[Header, ...]], ...] = (
    # No page of another's may frame it; a page of our own says what it needs.
    (
        b"content-security-policy",
        (
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"x-frame-options", b"DENY"),
        ),
    ),
    (
        b"cross-origin-resource-policy",
        ((b"cross-origin-resource-policy", b"same-origin"),),
    ),
    # It may be kept, but asked for again each time, and never for anybody else.
    (
        b"cache-control",
        ((b"cache-control", b"private, no-cache"),),
    ),
)
"""What is added where the name before it is missing."""
PER_ACCOUNT: Header = (b"vary", b"Authorization")
"""Unless an answer says itself for how long it may be kept, or what it depends on."""


_NAMES = frozenset(name for name, _ in UNLESS_SAID) | {b"vary"}
_ALL = (*(header for _, added in UNLESS_SAID for header in added), PER_ACCOUNT)


class Safety:
    """The headers of one installation."""

    def __init__(self, is_https: bool) -> None:
        """`is_https` where clients reach it by TLS and should never try without."""
        self._always = (*ALWAYS, TLS) if is_https else ALWAYS

    def around(self, given: list[Header], *more: Header) -> list[Header]:
        """The headers of an answer with these, and with what makes it safe."""
        headers = [*given, *self._always, *more]
        said = _NAMES.intersection([name for name, _ in given])
        if not said:
            headers += _ALL
            return headers
        for name, added in UNLESS_SAID:
            if name not in said:
                headers += added
        if said.isdisjoint((b"cache-control", b"vary")):
            headers.append(PER_ACCOUNT)
        return headers
