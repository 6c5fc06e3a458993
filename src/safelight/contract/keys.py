"""Where an object lives. Nothing else ever spells a key."""

import re
from collections.abc import Container

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def is_id(text: str) -> bool:
    """Whether it has the form of our ids; what has not can be the id of nothing, and is no part
    of a key.
    """
    return UUID.fullmatch(text) is not None


def is_hash(text: str) -> bool:
    """Whether it has the form of an original's hash."""
    return SHA256.fullmatch(text) is not None


def original(account_id: str, image_id: str) -> str:
    """Key of the bytes as they came."""
    return f"{originals(account_id)}{image_id}"


def originals(account_id: str) -> str:
    """Prefix of every original of one account."""
    return f"originals/{account_id}/"


def variant(account_id: str, image_id: str, fingerprint: str, sha256: str) -> str:
    """Key of a picture made from the original with that hash by the transformation with that
    fingerprint. The same work has the same key, so doing it twice is harmless.
    """
    return f"{variants(account_id, image_id)}{fingerprint}-{sha256[:16]}"


def variants(account_id: str, image_id: str) -> str:
    """Prefix of every variant of one image."""
    return f"{all_variants(account_id)}{image_id}/"


def all_variants(account_id: str) -> str:
    """Prefix of every variant of one account."""
    return f"variants/{account_id}/"


def image_of(key: str) -> str:
    """Id of the image that an original or a variant belongs to."""
    return key.split("/")[2]


def is_of_account(key: str, account_ids: Container[str]) -> bool:
    """Whether the key was made here for one of the accounts."""
    kind, *rest = key.split("/")
    places = {"originals": 2, "variants": 3}
    return len(rest) == places.get(kind) and rest[0] in account_ids
