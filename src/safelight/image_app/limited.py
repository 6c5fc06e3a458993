"""Routes with limits: counted before they cost anything, and told in every answer."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import Scope

from safelight.image_app.rates import Taken
from safelight.image_app.resources import Resources

STATE = "limits"


async def by_address(request: Request, resources: Resources, name: str) -> None:
    """Count the request for the address that it comes from; raises `too-many-requests`."""
    await _take(request, resources, name, resources.proxies.client_of(request))


async def by_account(request: Request, resources: Resources, name: str, account: str) -> None:
    """Count the request for an account, by its id or what somebody calls it; raises
    `too-many-requests`.
    """
    await _take(request, resources, name, account)


def tell(scope: Scope, headers: MutableHeaders) -> None:
    """Write how the limits of this request stand into its answer, whatever that is."""
    taken: list[Taken] = scope.get("state", {}).get(STATE, [])
    if taken:
        rates = tuple(rate for one in taken for rate in one.rates)
        headers.update(Taken(True, rates).headers())


async def _take(request: Request, resources: Resources, name: str, who: str) -> None:
    taken = await resources.rates.take(name, who)
    request.scope["state"].setdefault(STATE, []).append(taken)
    if not taken.allowed:
        raise taken.refusal()
