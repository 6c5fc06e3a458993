"""Whether an account is still there, for whoever holds a token of it."""

from safelight.image_app import errors
from safelight.image_app.resources import Resources


async def require_living(resources: Resources, account_id: str) -> None:
    """Raises `unauthenticated` when the account of a token was deleted."""
    if not await resources.accounts.is_there(account_id):
        raise errors.UNAUTHENTICATED()
