"""Accounts and refresh tokens in the database."""

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from safelight.image_app.models import Found, accounts, refresh_tokens


async def find(connection: AsyncConnection, account_id: str) -> Found | None:
    query = select(accounts).where(accounts.c.id == account_id)
    return (await connection.execute(query)).one_or_none()


async def find_by_login(connection: AsyncConnection, login: str) -> Found | None:
    """By username or e-mail."""
    name = login.lower()
    query = select(accounts).where(or_(accounts.c.username == name, accounts.c.email == name))
    return (await connection.execute(query)).one_or_none()


async def taken(connection: AsyncConnection, username: str, email: str) -> tuple[bool, bool]:
    """Whether the username and the e-mail are in use."""
    query = select(
        select(func.count()).where(accounts.c.username == username).scalar_subquery(),
        select(func.count()).where(accounts.c.email == email).scalar_subquery(),
    )
    by_name, by_email = (await connection.execute(query)).one()
    return bool(by_name), bool(by_email)


async def insert(connection: AsyncConnection, **values: object) -> None:
    await connection.execute(accounts.insert().values(**values))


async def set_password_hash(connection: AsyncConnection, account_id: str, hashed: str) -> None:
    await connection.execute(
        update(accounts).where(accounts.c.id == account_id).values(password_hash=hashed)
    )


async def add_usage(
    connection: AsyncConnection, account_id: str, images_more: int, bytes_more: int
) -> Found | None:
    """Count pictures and bytes in, or out when negative; returns the new `images` and `bytes`."""
    changed = await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(images=accounts.c.images + images_more, bytes=accounts.c.bytes + bytes_more)
        .returning(accounts.c.images, accounts.c.bytes)
    )
    return changed.one_or_none()


async def insert_refresh_token(connection: AsyncConnection, **values: object) -> None:
    await connection.execute(refresh_tokens.insert().values(**values))


async def find_refresh_token(connection: AsyncConnection, token_hash: str) -> Found | None:
    query = select(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash)
    return (await connection.execute(query.with_for_update())).one_or_none()


async def spend(connection: AsyncConnection, token_hash: str, now: datetime) -> None:
    await connection.execute(
        update(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash).values(spent_at=now)
    )


async def spend_family(connection: AsyncConnection, family_id: str, now: datetime) -> None:
    """Revoke every refresh token that came from one sign-in."""
    await connection.execute(
        update(refresh_tokens)
        .where(refresh_tokens.c.family_id == family_id, refresh_tokens.c.spent_at.is_(None))
        .values(spent_at=now)
    )
