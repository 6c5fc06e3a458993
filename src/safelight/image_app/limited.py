"""Routes with limits: counted before they cost anything, and told in every answer."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import Scope

from safelight.image_app.rates import Taken
from safelight.image_app.resources import Resources

Header = tuple[bytes, bytes]

STATE = "limits"


async def by_address(request: Request, resources: Resources, name: str) -> None:
    """Count the request for the address that it comes from; raises `too-many-requests`."""
    await _take(request, resources, name, resources.proxies.client_of(request))


async def by_account(request: Request, resources: Resources, name: str, account: str) -> None:
    """Count the request for an account, by its id or what somebody calls it; raises
    `too-many-requests`.
    """
    await _take(request, resources, name, account)


def told(scope: Scope, headers: Iterable[Header]) -> list[Header]:
    """The headers of an answer, whatever it is, with how the limits of its request stand."""
    taken: list[Taken] = scope["state"].get(STATE, [])
    if not taken:
        return list(headers)
    rates = tuple(rate for one in taken for rate in one.rates)
    standing = {k.lower().encode(): v.encode() for k, v in Taken(True, rates).headers().items()}
    return [*(header for header in headers if header[0] not in standing), *standing.items()]


async def _take(request: Request, resources: Resources, name: str, who: str) -> None:
    taken = await resources.rates.take(name, who)
    request.scope["state"].setdefault(STATE, []).append(taken)
    if not taken.allowed:
        raise taken.refusal()
