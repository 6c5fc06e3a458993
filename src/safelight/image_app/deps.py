"""What a route may ask for."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, get_origin

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.params import Security as Secured
from fastapi.security import HTTPBearer, OAuth2PasswordBearer

from safelight.contract import keys
from safelight.image_app import credentials, errors, limited
from safelight.image_app.credentials import READING, WRITING
from safelight.image_app.errors import FieldError
from safelight.image_app.living import require_living
from safelight.image_app.resources import Resources

PASSWORD_FLOW = OAuth2PasswordBearer(tokenUrl="/v1/auth/token", auto_error=False)
BEARER = HTTPBearer(
    auto_error=False,
    description="An access token, or an API key that has the scope which an operation names; what "
    "names none is not for keys.",
)


async def get_resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Needs = Annotated[Resources, Depends(get_resources)]


def bearer_token(request: Request) -> str | None:
    """The token of the one Authorization header, or None without that header.

    Raises `unauthenticated` for any other scheme and for two headers.
    """
    given = request.headers.getlist("authorization")
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise errors.UNAUTHENTICATED()
    return token.strip()


async def named_account(request: Request, resources: Needs) -> str:
    """Id of the account whose token or key came with the request, deleted or not; raises
    `unauthenticated`, `insufficient-scope`.
    """
    token = bearer_token(request)
    if token is None:
        raise errors.UNAUTHENTICATED()
    if not credentials.is_key(token):
        return resources.tokens.account_of(token)
    named = (d for d in request.scope["route"].dependencies if isinstance(d, Secured))
    scopes = [scope for dependency in named for scope in dependency.scopes or ()]
    return await credentials.account_of_key(resources, token, scopes)


NamedAccountId = Annotated[str, Depends(named_account)]
"""For routes that see by themselves whether the account is still there."""


async def signed_in(resources: Needs, account_id: NamedAccountId) -> str:
    """The same of an account that is there."""
    await require_living(resources, account_id)
    return account_id


async def proven_at(request: Request, resources: Needs, _who: NamedAccountId) -> datetime:
    """When the access token was issued that came with the request, for routes which take no key."""
    return resources.tokens.issued_at(bearer_token(request) or "")


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have, and those given twice."""
    if not request.query_params:
        return
    known = dict(_parameters(request.scope["route"].dependant))
    given = [name for name, _ in request.query_params.multi_items()]
    unknown = [FieldError(name, "is not known here") for name in given if name not in known]
    twice = {name for name in given if given.count(name) > 1 and not known.get(name, True)}
    unknown += [FieldError(name, "is given more than once") for name in sorted(twice)]
    if unknown:
        raise errors.VALIDATION_FAILED(errors=unknown)


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Each with whether it may be given more than once."""
    for parameter in dependant.query_params:
        yield parameter.alias, get_origin(parameter.field_info.annotation) is list
    for dependency in dependant.dependencies:
        yield from _parameters(dependency)


async def existing_id(image_id: str) -> str:
    """The id in the path; what is no id names no image."""
    if not keys.is_id(image_id):
        raise errors.IMAGE_NOT_FOUND()
    return image_id


AccountId = Annotated[str, Depends(signed_in)]
ProvenAt = Annotated[datetime, Depends(proven_at)]
ImageId = Annotated[str, Depends(existing_id)]

OPEN: list[Any] = [Depends(known_parameters)]
"""Dependencies of routes that anyone may call."""


def _for_account(*scopes: str) -> list[Any]:
    """Dependencies of routes for an account: who it is comes before what it asks."""
    return [
        Depends(PASSWORD_FLOW),
        Security(BEARER, scopes=scopes),
        Depends(signed_in),
        Depends(known_parameters),
    ]


READ = _for_account(READING)
"""Of routes that an API key with `images:read` may call too: those that change nothing."""
WRITE = _for_account(WRITING)
"""Of routes that an API key with `images:write` may call too."""
SIGNED_IN = _for_account()
"""Of routes that manage the account itself, which no API key may."""


def counted(name: str) -> Callable[..., Awaitable[None]]:
    """A dependency that counts the call for its account under the limit of that name; raises
    `too-many-requests`.
    """

    async def count(request: Request, resources: Needs, account_id: AccountId) -> None:
        await limited.by_account(request, resources, name, account_id)

    return count
