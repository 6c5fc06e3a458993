"""Whose an object is, as its key says."""

from typing import NamedTuple

from safelight.contract import keys
from safelight.image_app.models import Found
from safelight.image_app.promised import FINGERPRINT


class Owner(NamedTuple):
    """The image that an object was made for, which may be there or not."""

    account_id: str
    image_id: str


def owner_of(key: str) -> Owner | None:
    """None for an object that was not made here."""
    kind, *names = key.split("/")
    if (kind, len(names)) not in (("originals", 2), ("variants", 3)):
        return None
    owner = Owner(*names[:2])
    return owner if all(keys.is_id(id_) for id_ in owner) else None


def fingerprint_of(image: Found, key: str) -> str | None:
    """By what this object of the image was made; None for what never was made of it."""
    fingerprint = key.rpartition("/")[2][:16]
    if not FINGERPRINT.fullmatch(fingerprint):
        return None
    made = keys.variant(image.account_id, image.id, fingerprint, image.sha256)
    return fingerprint if key == made else None
