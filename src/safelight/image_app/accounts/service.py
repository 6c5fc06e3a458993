"""Registering, signing in, staying signed in, going."""

from safelight.image_app import clock, errors, tokens
from safelight.image_app.account_store import (
    EmailTaken,
    RefreshToken,
    StoredAccount,
    UsernameTaken,
)
from safelight.image_app.accounts import queries
from safelight.image_app.accounts.schemas import (
    Account,
    PasswordChange,
    Registration,
    TokenPair,
    TokenRequest,
    Usage,
    login_name,
)
from safelight.image_app.resources import Resources
from safelight.image_app.work import answers_held, begin


async def register(resources: Resources, wanted: Registration) -> Account:
    """A new account; raises `username-taken`, `email-taken`."""
    new = StoredAccount(
        id=clock.new_id(),
        username=wanted.username,
        email=wanted.email,
        password_hash=await resources.passwords.hash(wanted.password),
        created_at=clock.now(),
    )
    try:
        await resources.accounts.add(new)
    except UsernameTaken:
        raise errors.USERNAME_TAKEN() from None
    except EmailTaken:
        raise errors.EMAIL_TAKEN() from None
    return await account(resources, new.id)


async def account(resources: Resources, account_id: str) -> Account:
    """The account of a token; raises `unauthenticated` when it is gone."""
    found = await resources.accounts.find(account_id)
    if found is None:
        raise errors.UNAUTHENTICATED()
    async with resources.database.reading() as connection:
        used = await queries.usage_of(connection, account_id)
    return Account(
        id=found.id,
        username=found.username,
        email=found.email,
        created_at=found.created_at,
        usage=Usage(images=used.images, bytes=used.bytes, bytes_limit=resources.rules.quota_bytes),
    )


async def grant(resources: Resources, wanted: TokenRequest) -> TokenPair:
    """Tokens for a password or a refresh token; raises `invalid-credentials`,
    `invalid-refresh-token`.
    """
    if wanted.grant_type == "password":
        return await _sign_in(resources, wanted.username or "", wanted.password or "")
    return await _refresh(resources, wanted.refresh_token or "")


async def revoke(resources: Resources, token: str) -> None:
    """End the session of a refresh token; whatever else it is changes nothing."""
    await resources.accounts.end_session(tokens.hash_refresh_token(token))


async def change_password(resources: Resources, account_id: str, change: PasswordChange) -> None:
    """Another password; every session ends. Raises `unauthenticated`, `wrong-password`."""
    before = await _proven(resources, account_id, change.current)
    hashed = await resources.passwords.hash(change.new)
    if not await resources.accounts.change_password(account_id, hashed, before.password_hash):
        raise errors.WRONG_PASSWORD()  # it was changed in this moment


async def close(resources: Resources, account_id: str, password: str) -> None:
    """Delete the account: nobody can use it any more, and what it leaves goes with the promise.

    Raises `unauthenticated`, `wrong-password`. The promise comes first, since the account may be
    kept elsewhere: after a crash in between, whoever goes on ends the account.
    """
    await _proven(resources, account_id, password)
    async with begin(resources) as work:
        if not await queries.close(work.connection, account_id, clock.now()):
            raise errors.UNAUTHENTICATED()
    try:
        await end(resources, account_id)
    finally:
        resources.closing.set()


async def end(resources: Resources, account_id: str) -> None:
    """Nobody can use the account any more, and no cached answer of it is read again."""
    async with answers_held(resources, account_id):
        await resources.accounts.remove(account_id)


async def _proven(resources: Resources, account_id: str, password: str) -> StoredAccount:
    """The account, whose password this is; raises `unauthenticated`, `wrong-password`."""
    found = await resources.accounts.find(account_id)
    if found is None:
        raise errors.UNAUTHENTICATED()
    right, _ = await resources.passwords.verify(password, found.password_hash)
    if not right:
        raise errors.WRONG_PASSWORD()
    return found


async def _sign_in(resources: Resources, login: str, password: str) -> TokenPair:
    found = await resources.accounts.find_by_login(login_name(login))
    hashed = found.password_hash if found else None
    right, better = await resources.passwords.verify(password, hashed)
    if found is None or not right:
        raise errors.INVALID_CREDENTIALS()
    proof = found.password_hash
    if better and await resources.accounts.set_password_hash(found.id, better, proof):
        proof = better
    token_id, token, kept = _new_tokens()
    if not await resources.accounts.begin_session(found.id, kept, proof):
        raise errors.INVALID_CREDENTIALS()  # it was changed, or the account deleted, meanwhile
    return _pair(resources, found.id, token_id, token)


async def _refresh(resources: Resources, spent: str) -> TokenPair:
    """A new pair for an unspent token. A spent one was stolen or replayed: its family ends."""
    token_id, token, kept = _new_tokens()
    spent_hash = tokens.hash_refresh_token(spent)
    account_id = await resources.accounts.rotate(spent_hash, clock.now(), kept)
    if account_id is None:
        raise errors.INVALID_REFRESH_TOKEN()
    return _pair(resources, account_id, token_id, token)


def _new_tokens() -> tuple[str, str, RefreshToken]:
    """The id of an access token, a refresh token, and what is kept of that.

    Made before the session begins or goes on, so that a password which is changed in this moment is
    never changed before an access token that was had by the former one.
    """
    token, token_hash, expires_at = tokens.new_refresh_token()
    return clock.id_of_now(), token, RefreshToken(token_hash, expires_at)


def _pair(resources: Resources, account_id: str, token_id: str, refresh_token: str) -> TokenPair:
    return TokenPair(
        access_token=resources.tokens.issue(account_id, token_id),
        expires_in=int(tokens.LIFETIME.total_seconds()),
        refresh_token=refresh_token,
    )
