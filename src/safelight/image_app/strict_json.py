"""JSON as RFC 8259 has it and no further: what parsers read differently is no JSON here."""

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from safelight.image_app import errors


def check(body: bytes) -> None:
    """Raise `malformed-json` for what is no JSON in UTF-8, or could be read in two ways: a key that
    is given twice, a number that is none or is endless, half a character, nesting without end.
    """
    try:
        text = body.decode()
        _require_whole_characters(_DECODER.decode(text), "\\u" in text)
    except RecursionError:
        raise errors.MALFORMED_JSON("The body is nested too deeply.") from None
    except UnicodeError:
        raise errors.MALFORMED_JSON("The body has characters that do not exist.") from None
    except _Twice as twice:
        raise errors.MALFORMED_JSON(f"{twice}.") from None
    except ValueError:
        raise errors.MALFORMED_JSON() from None


class _Twice(ValueError):
    """A key that is given more than once."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice("A key is given more than once")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("too large a number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse_constant
)


def _require_whole_characters(value: Any, has_escapes: bool) -> None:
    """Raise UnicodeError for half of a pair of surrogates, which only an escape can spell."""
    if has_escapes:
        for text in _texts(value):
            text.encode()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
