"""Accounts, refresh tokens and API keys as rows beside everything else."""

from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.backends.database import Database
from safelight.image_app import clock
from safelight.image_app.account_store import (
    AccountGone,
    ApiKey,
    EmailTaken,
    PasswordChanged,
    RefreshToken,
    StoredAccount,
    TooManyKeys,
    UsernameTaken,
)
from safelight.image_app.models import Found, accounts, api_keys, refresh_tokens

ACCOUNT = [accounts.c[field.name] for field in fields(StoredAccount)]
THERE = select(accounts.c.id).where(accounts.c.id == bindparam("account_id"))


class DatabaseAccounts:
    """The store of an installation that has no other; the database stays its owner's."""

    is_apart = False

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: StoredAccount) -> None:
        try:
            async with self._database.writing() as connection:
                await connection.execute(accounts.insert().values(asdict(account)))
        except IntegrityError:
            if await self._find(accounts.c.username == account.username):
                raise UsernameTaken from None
            if await self._find(accounts.c.email == account.email):
                raise EmailTaken from None
            raise

    async def find(self, account_id: str) -> StoredAccount | None:
        return await self._find(accounts.c.id == account_id)

    async def is_there(self, account_id: str) -> bool:
        return bool(await self._database.ask(THERE, account_id=account_id))

    async def find_by_login(self, login: str) -> StoredAccount | None:
        name = login.lower()
        if "\0" in name:  # which nobody's has, and PostgreSQL can't even be asked
            return None
        return await self._find(or_(accounts.c.username == name, accounts.c.email == name))

    async def _find(self, condition: ColumnElement[bool]) -> StoredAccount | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(*ACCOUNT).where(condition))).one_or_none()
        return StoredAccount(**row._mapping) if row else None

    async def set_password_hash(self, account_id: str, hashed: str, instead_of: str) -> bool:
        async with self._database.writing() as connection:
            return await _replace_hash(connection, account_id, hashed, instead_of)

    async def change_password(self, account_id: str, hashed: str, instead_of: str) -> bool:
        async with self._database.writing() as connection:
            if not await _replace_hash(connection, account_id, hashed, instead_of):
                return False
            await _end_what_opens(connection, account_id)
            now = clock.now()  # whoever began a session before us did so earlier: we hold the lock
            change = update(accounts).where(accounts.c.id == account_id)
            await connection.execute(change.values(password_changed_at=now))
            return True

    async def remove(self, account_id: str) -> None:
        async with self._database.writing() as connection:  # what opens it goes by its reference
            await connection.execute(delete(accounts).where(accounts.c.id == account_id))

    async def begin_session(self, account_id: str, token: RefreshToken, proof: str) -> bool:
        query = select(accounts.c.password_hash).where(accounts.c.id == account_id)
        async with self._database.writing() as connection:
            hashed = (await connection.execute(query.with_for_update())).scalar_one_or_none()
            if hashed != proof:
                return False
            await _insert(connection, account_id, clock.new_id(), token)
            return True

    async def end_session(self, token_hash: str) -> None:
        async with self._database.writing() as connection:
            row = await _find_locked(connection, token_hash)
            if row is not None:
                family = refresh_tokens.c.family_id == row.family_id
                await _spend(connection, family, clock.now())

    async def rotate(self, token_hash: str, now: datetime, replacement: RefreshToken) -> str | None:
        async with self._database.writing() as connection:
            row = await _find_locked(connection, token_hash)
            if row is None:
                return None
            if row.spent_at:
                await _spend(connection, refresh_tokens.c.family_id == row.family_id, now)
                return None
            if now >= row.expires_at:
                return None
            await _spend(connection, refresh_tokens.c.token_hash == token_hash, now)
            await _insert(connection, row.account_id, row.family_id, replacement)
            account_id: str = row.account_id
            return account_id

    async def add_key(self, key: ApiKey, proven_at: datetime, most: int) -> None:
        of_account = api_keys.c.account_id == key.account_id
        async with self._database.writing() as connection:
            account = await _lock(connection, key.account_id)
            if account is None:
                raise AccountGone
            if account.password_changed_at and proven_at <= account.password_changed_at:
                raise PasswordChanged
            count = select(func.count()).select_from(api_keys).where(of_account)
            if (await connection.execute(count)).scalar_one() >= most:
                raise TooManyKeys
            await connection.execute(api_keys.insert().values(asdict(key)))

    async def find_key(self, key_hash: str) -> ApiKey | None:
        found = await self._keys(api_keys.c.key_hash == key_hash)
        return found[0] if found else None

    async def keys_of(self, account_id: str) -> list[ApiKey]:
        return await self._keys(api_keys.c.account_id == account_id)

    async def _keys(self, condition: ColumnElement[bool]) -> list[ApiKey]:
        query = select(api_keys).where(condition).order_by(api_keys.c.id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [ApiKey(**(dict(row._mapping) | {"scopes": tuple(row.scopes)})) for row in rows]

    async def end_key(self, account_id: str, key_id: str) -> bool:
        its = (api_keys.c.account_id == account_id, api_keys.c.id == key_id)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(api_keys).where(*its))).rowcount > 0

    async def check(self) -> None:
        async with self._database.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Nothing here is ours to close."""


async def _replace_hash(
    connection: AsyncConnection, account_id: str, hashed: str, instead_of: str
) -> bool:
    """Whether it was the old one. The account is locked then: no session begins or is continued
    until commit.
    """
    change = update(accounts).where(
        accounts.c.id == account_id, accounts.c.password_hash == instead_of
    )
    return (await connection.execute(change.values(password_hash=hashed))).rowcount == 1


async def _end_what_opens(connection: AsyncConnection, account_id: str) -> None:
    """Everything that lets somebody in without the password, for good."""
    for table in (refresh_tokens, api_keys):
        await connection.execute(delete(table).where(table.c.account_id == account_id))


async def _lock(connection: AsyncConnection, account_id: str) -> Found | None:
    """The account, if it is there. Until commit nobody else changes what belongs to it."""
    lock = select(accounts).where(accounts.c.id == account_id).with_for_update()
    return (await connection.execute(lock)).one_or_none()


async def _insert(
    connection: AsyncConnection, account_id: str, family_id: str, token: RefreshToken
) -> None:
    row = asdict(token) | {"account_id": account_id, "family_id": family_id}
    await connection.execute(refresh_tokens.insert().values(row))


async def _find_locked(connection: AsyncConnection, token_hash: str) -> Found | None:
    """The token. Until commit nobody else rotates one of its account: a family that is being
    ended must not grow a token that its end does not see.
    """
    this = refresh_tokens.c.token_hash == token_hash
    owner = select(refresh_tokens.c.account_id).where(this).scalar_subquery()
    lock = select(accounts.c.id).where(accounts.c.id == owner).with_for_update()
    await connection.execute(lock)
    return (await connection.execute(select(refresh_tokens).where(this))).one_or_none()


async def _spend(connection: AsyncConnection, which: ColumnElement[bool], now: datetime) -> None:
    unspent = refresh_tokens.c.spent_at.is_(None)
    await connection.execute(update(refresh_tokens).where(which, unspent).values(spent_at=now))
