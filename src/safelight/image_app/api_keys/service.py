"""Making, listing and ending API keys."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from safelight.contract import keys
from safelight.image_app import clock, credentials, errors
from safelight.image_app.account_store import (
    AccountGone,
    ApiKey,
    PasswordChanged,
    TooManyKeys,
)
from safelight.image_app.api_keys.schemas import Key, KeyList, MadeKey, NewKey
from safelight.image_app.errors import FieldError
from safelight.image_app.resources import Resources

MOST = 50
"""API keys of one account, the expired ones counted."""


async def make_key(
    resources: Resources, account_id: str, proven_at: datetime, wanted: NewKey
) -> MadeKey:
    """A new key, which nobody can be told again, for who has proven at some time who they are.

    Raises `validation-failed`, `quota-exceeded`, and `unauthenticated` when the password was
    changed since: a key would outlive the token by which it was made.
    """
    now = clock.now()
    if wanted.expires_at and wanted.expires_at <= now:
        raise errors.VALIDATION_FAILED(errors=[FieldError("expires_at", "must be in the future")])
    key = credentials.new_key()
    kept = ApiKey(
        id=clock.new_id(),
        account_id=account_id,
        key_hash=credentials.hash_key(key),
        hint=key[: credentials.HINT],
        name=wanted.name,
        scopes=tuple(wanted.scopes),
        created_at=now,
        expires_at=wanted.expires_at,
    )
    try:
        await resources.accounts.add_key(kept, proven_at, MOST)
    except TooManyKeys:
        raise errors.QUOTA_EXCEEDED(
            f"The account has {MOST} API keys, as many as it may; delete one first."
        ) from None
    except (AccountGone, PasswordChanged):
        raise errors.UNAUTHENTICATED() from None
    return MadeKey(**_shown(kept), key=key)


async def list_keys(resources: Resources, account_id: str) -> KeyList:
    found = await resources.accounts.keys_of(account_id)
    return KeyList(items=[Key(**_shown(kept)) for kept in found])


async def end_key(resources: Resources, account_id: str, key_id: str) -> None:
    """From now on nobody comes in by it; raises `key-not-found`, for another account's too."""
    if not keys.is_id(key_id) or not await resources.accounts.end_key(account_id, key_id):
        raise errors.KEY_NOT_FOUND()


def _shown(kept: ApiKey) -> dict[str, Any]:
    shown = asdict(kept) | {"scopes": list(kept.scopes)}
    del shown["account_id"], shown["key_hash"]
    return shown
