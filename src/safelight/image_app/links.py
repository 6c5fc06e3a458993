"""Signed links: who holds one may fetch that one thing until it expires."""

import base64
import hmac
import re
from datetime import datetime
from hashlib import sha256

HOUR = 3600
SECOND = re.compile(r"[1-9][0-9]{0,11}")
ORIGINAL = "original"
"""What the bytes as they came are called in a link."""


def fingerprint_of(sha256_hex: str) -> str:
    """What names an original's bytes in its link."""
    return sha256_hex[:16]


class Links:
    """Makes and checks the links to delivered bytes."""

    def __init__(self, secret: bytes, public_url: str = "") -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")

    def until(self, expires: int, image_id: str, what: str, fingerprint: str | None) -> str:
        """A link that holds until a Unix second.

        `fingerprint` names the bytes, when they are known, so that they may be cached for good.
        """
        path = address(image_id, what)
        link = f"{self._public_url}{path}?expires={expires}&signature={self._sign(path, expires)}"
        return f"{link}&v={fingerprint}" if fingerprint else link

    def genuine(self, path: str, expires: str, signature: str) -> bool:
        """Whether this signature was made here for this path and time, a Unix second."""
        if not SECOND.fullmatch(expires):
            return False
        return hmac.compare_digest(self._sign(path, int(expires)).encode(), signature.encode())

    def _sign(self, path: str, expires: int) -> str:
        digest = hmac.digest(self._secret, f"link\n{path}\n{expires}".encode(), sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def a_day_after(now: datetime) -> int:
    """When links end that stay the same text within a clock hour: in 24 to 25 hours."""
    return (int(now.timestamp()) // HOUR + 25) * HOUR


def address(image_id: str, what: str) -> str:
    """Path at which one thing made of an image is delivered."""
    return f"/i/{image_id}/{what}"
