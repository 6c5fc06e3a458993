"""What pictures are found by: folded text, and its grams, which both databases index alike.

A gram is three characters in a row, fewer at the end of a text. Whatever has the grams of a
question may be an answer to it, and nothing else is: the text itself has the last word.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from unicodedata import normalize

LENGTH = 3
MOST = 40
"""Grams that are asked for at once; more would not find fewer."""

_TAG, _FIELD = "\x1e", "\x1f"
_SEPARATORS = re.compile(f"[{_TAG}{_FIELD}]")


def fold(text: str) -> str:
    """Text as it is compared: without case, and with each accent in one form."""
    return normalize("NFC", text.casefold())


def text_of(name: str, description: str, tags: Sequence[str]) -> str:
    """All that is searched of a picture. Between its parts stands what no question contains."""
    parts = [_SEPARATORS.sub(" ", fold(part)) for part in (name, description)]
    return _FIELD.join([f"{_TAG}{_TAG.join(map(fold, tags))}{_TAG}", *parts])


def of_tag(tag: str) -> str:
    """What the text of a picture with this tag contains, and of no other."""
    return f"{_TAG}{fold(tag)}{_TAG}"


def document(account_id: str, content_type: str, text: str) -> str:
    """The words to index of a picture, by account: others' pictures cost a search nothing."""
    scope = _scope(account_id)
    tags, *_ = text.split(_FIELD)
    words = {scope + "g" + _spelled(gram) for gram in _grams(text)}
    words |= {_tag_word(scope, tag) for tag in tags.split(_TAG) if tag}
    return " ".join(sorted(words | {_type_word(scope, content_type)}))


def question(
    account_id: str, text: str, tags: Sequence[str], content_type: str | None
) -> list[str]:
    """Words, all of which the document of what is found has. One that ends in `*` begins a word.

    `text` and `tags` are folded.
    """
    scope = _scope(account_id)
    if 0 < len(text) < LENGTH:
        words = [scope + "g" + _spelled(text) + "*"]
    else:
        whole = (text[i : i + LENGTH] for i in range(len(text) - LENGTH + 1))
        words = [scope + "g" + _spelled(gram) for gram in dict.fromkeys(whole)][:MOST]
    words += [_tag_word(scope, tag) for tag in tags]
    return words + ([_type_word(scope, content_type)] if content_type else [])


def _grams(text: str) -> Iterator[str]:
    for part in _SEPARATORS.split(text):
        yield from (part[i : i + LENGTH] for i in range(len(part)))


def _scope(account_id: str) -> str:
    """An account's mark: short, since each word carries it. Two may share one."""
    return account_id[-4:]


def _spelled(gram: str) -> str:
    """In the characters of which words are made, so that a beginning stays a beginning."""
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in gram)


def _tag_word(scope: str, tag: str) -> str:
    return scope + "t" + sha256(tag.encode()).hexdigest()[:8]


def _type_word(scope: str, content_type: str) -> str:
    return scope + "c" + content_type.rpartition("/")[2]
