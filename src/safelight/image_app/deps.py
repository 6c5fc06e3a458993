"""What a route may ask for."""

from collections.abc import Iterator
from typing import Annotated, Any, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPBearer, OAuth2PasswordBearer

from safelight.contract import keys
from safelight.image_app import errors
from safelight.image_app.errors import FieldError
from safelight.image_app.resources import Resources

PASSWORD_FLOW = OAuth2PasswordBearer(tokenUrl="/v1/auth/token", auto_error=False)
BEARER = HTTPBearer(auto_error=False, description="An access token")


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


async def signed_in(request: Request, resources: Needs) -> str:
    """Id of the account whose token came with the request; raises `unauthenticated`."""
    token = bearer_token(request)
    if token is None:
        raise errors.UNAUTHENTICATED()
    return resources.tokens.account_of(token)


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
ImageId = Annotated[str, Depends(existing_id)]

OPEN: list[Any] = [Depends(known_parameters)]
"""Dependencies of routes that anyone may call."""
SIGNED_IN: list[Any] = [
    Depends(PASSWORD_FLOW),
    Depends(BEARER),
    Depends(signed_in),
    Depends(known_parameters),
]
"""Dependencies of routes for an account: who it is comes before what it asks."""
