"""What a client shows: an access token, which may do everything, or an API key, which may do what
its scopes say. Keys are random, and kept as a hash.
"""

import re
import secrets
from collections.abc import Collection
from hashlib import sha256
from typing import Literal

from safelight.image_app import clock, errors
from safelight.image_app.resources import Resources

Scope = Literal["images:read", "images:write"]
READING: Scope = "images:read"
WRITING: Scope = "images:write"

PREFIX = "sl_"
KEY = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
HINT = len(PREFIX) + 4
"""First characters of a key by which its owner knows it; 234 bits of it are not told."""


def new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    return sha256(key.encode()).hexdigest()


async def account_of(resources: Resources, credential: str, needed: Collection[str]) -> str:
    """Id of the account in whose name it comes; raises `unauthenticated`, `insufficient-scope`.

    `needed` are the scopes that a key must have all of; a key may do nothing that needs none. Keys
    are looked up each time, so that one which is deleted here is dead everywhere.
    """
    if not credential.startswith(PREFIX):
        return resources.tokens.account_of(credential)
    found = None
    if KEY.fullmatch(credential):
        found = await resources.accounts.find_key(hash_key(credential))
    if found is None or (found.expires_at and found.expires_at <= clock.now()):
        raise errors.UNAUTHENTICATED()
    if not needed:
        raise errors.INSUFFICIENT_SCOPE("No API key may do that: sign in.")
    if not set(needed) <= set(found.scopes):
        raise errors.INSUFFICIENT_SCOPE(f"This needs an API key with {' and '.join(needed)}.")
    return found.account_id
