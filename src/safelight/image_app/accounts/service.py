"""Registering, signing in, staying signed in."""

from sqlalchemy.exc import IntegrityError

from safelight.image_app import clock, errors, tokens
from safelight.image_app.accounts import queries
from safelight.image_app.accounts.schemas import (
    Account,
    Registration,
    TokenPair,
    TokenRequest,
    Usage,
)
from safelight.image_app.resources import Resources
from safelight.image_app.work import Work, begin


async def register(resources: Resources, wanted: Registration) -> Account:
    """A new account; raises `username-taken`, `email-taken`."""
    await _refuse_taken(resources, wanted)
    hashed = await resources.passwords.hash(wanted.password)
    account_id, now = clock.new_id(), clock.now()
    try:
        async with begin(resources) as work:
            await queries.insert(
                work.connection,
                id=account_id,
                username=wanted.username,
                email=wanted.email,
                password_hash=hashed,
                created_at=now,
            )
    except IntegrityError:
        await _refuse_taken(resources, wanted)
        raise
    return await account(resources, account_id)


async def _refuse_taken(resources: Resources, wanted: Registration) -> None:
    async with resources.database.reading() as connection:
        by_name, by_email = await queries.taken(connection, wanted.username, wanted.email)
    if by_name:
        raise errors.USERNAME_TAKEN()
    if by_email:
        raise errors.EMAIL_TAKEN()


async def account(resources: Resources, account_id: str) -> Account:
    """The account of a token; raises `unauthenticated` when it is gone."""
    async with resources.database.reading() as connection:
        row = await queries.find(connection, account_id)
    if row is None:
        raise errors.UNAUTHENTICATED()
    usage = Usage(images=row.images, bytes=row.bytes, bytes_limit=resources.rules.quota_bytes)
    return Account(
        id=row.id, username=row.username, email=row.email, created_at=row.created_at, usage=usage
    )


async def grant(resources: Resources, wanted: TokenRequest) -> TokenPair:
    """Tokens for a password or a refresh token; raises `invalid-credentials`,
    `invalid-refresh-token`.
    """
    if wanted.grant_type == "password":
        return await _sign_in(resources, wanted.username or "", wanted.password or "")
    return await _refresh(resources, wanted.refresh_token or "")


async def _sign_in(resources: Resources, login: str, password: str) -> TokenPair:
    async with resources.database.reading() as connection:
        row = await queries.find_by_login(connection, login)
    right, better = await resources.passwords.verify(password, row.password_hash if row else None)
    if row is None or not right:
        raise errors.INVALID_CREDENTIALS()
    async with begin(resources) as work:
        if better:
            await queries.set_password_hash(work.connection, row.id, better)
        return await _issue(resources, work, row.id, family_id=clock.new_id())


async def _refresh(resources: Resources, token: str) -> TokenPair:
    """A new pair for an unspent token. A spent one was stolen or replayed: its family ends."""
    now, pair = clock.now(), None
    async with begin(resources) as work:
        row = await queries.find_refresh_token(work.connection, tokens.hash_refresh_token(token))
        if row and row.spent_at:
            await queries.spend_family(work.connection, row.family_id, now)
        elif row and now < row.expires_at:
            await queries.spend(work.connection, row.token_hash, now)
            pair = await _issue(resources, work, row.account_id, row.family_id)
    if pair is None:
        raise errors.INVALID_REFRESH_TOKEN()
    return pair


async def _issue(resources: Resources, work: Work, account_id: str, family_id: str) -> TokenPair:
    token, token_hash, expires_at = tokens.new_refresh_token()
    await queries.insert_refresh_token(
        work.connection,
        token_hash=token_hash,
        family_id=family_id,
        account_id=account_id,
        expires_at=expires_at,
    )
    return TokenPair(
        access_token=resources.tokens.issue(account_id),
        expires_in=int(tokens.LIFETIME.total_seconds()),
        refresh_token=token,
    )
