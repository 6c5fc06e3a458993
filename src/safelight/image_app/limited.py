"""Routes that may be called so often: counted before a body is read, told in every answer."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from safelight.image_app.deps import AccountId, Needs


def by_account(name: str) -> Callable[..., Awaitable[None]]:
    """A dependency that counts the call for the account under the limit of that name; it raises
    `too-many-requests`.
    """

    async def limited(request: Request, resources: Needs, account_id: AccountId) -> None:
        taken = await resources.rates.take(name, account_id)
        request.state.headers = taken.headers()
        if not taken.allowed:
            raise taken.refusal()

    return limited
