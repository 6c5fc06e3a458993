"""Cursors: where a page ended, in a form that only we can write."""

import base64
import hmac
import json
from collections.abc import Sequence
from hashlib import sha256

from safelight.image_app import errors

_SIGNATURE = 12


class Cursors:
    """Packs and opens cursors. One that was changed, or made for another question, is refused."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def pack(self, question: str, position: Sequence[str]) -> str:
        """The cursor for the rows after `position` among the answers to `question`."""
        body = json.dumps(list(position)).encode()
        return base64.urlsafe_b64encode(self._sign(question, body) + body).decode().rstrip("=")

    def open(self, question: str, cursor: str) -> list[str]:
        """The position that `pack` was given; raises `bad-cursor`."""
        try:
            packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise errors.BAD_CURSOR() from None
        signature, body = packed[:_SIGNATURE], packed[_SIGNATURE:]
        canonical = base64.urlsafe_b64encode(packed).decode().rstrip("=")
        genuine = hmac.compare_digest(signature, self._sign(question, body))
        if not genuine or canonical != cursor:
            raise errors.BAD_CURSOR()
        position: list[str] = json.loads(body)
        return position

    def _sign(self, question: str, body: bytes) -> bytes:
        text = b"cursor\n" + question.encode() + b"\n" + body
        return hmac.digest(self._secret, text, sha256)[:_SIGNATURE]
