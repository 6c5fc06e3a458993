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


def is_key(credential: str) -> bool:
    return credential.startswith(PREFIX)


async def account_of(resources: Resources, credential: str, needed: Collection[str]) -> str:
    """Id of the account in whose name it comes; raises `unauthenticated`, `insufficient-scope`.

    `needed` are the scopes that a key must have all of; a key may do nothing that needs none.
    """
    if is_key(credential):
        return await account_of_key(resources, credential, needed)
    return resources.tokens.account_of(credential)


async def account_of_key(resources: Resources, key: str, needed: Collection[str]) -> str:
    """The same of a key. It is looked up each time, so that one which is deleted here is dead
    everywhere.
    """
    found = None
    if KEY.fullmatch(key):
        found = await resources.accounts.find_key(hash_key(key))
    if found is None or (found.expires_at and found.expires_at <= clock.now()):
        raise errors.UNAUTHENTICATED()
    if not needed:
        raise errors.INSUFFICIENT_SCOPE("No API key may do that: sign in.")
    if not set(needed) <= set(found.scopes):
        raise errors.INSUFFICIENT_SCOPE(f"This needs an API key with {' and '.join(needed)}.")
    return found.account_id
