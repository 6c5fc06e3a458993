"""`/.well-known/jwks.json`: the public keys by which anybody can check an access token."""

import json
from typing import Any, Literal

from fastapi import APIRouter, Response
from jwt.algorithms import RSAAlgorithm

from safelight.backends.keyring import CheckingKey
from safelight.image_app.deps import OPEN, Needs
from safelight.image_app.documents import failures
from safelight.image_app.responses import JSON
from safelight.image_app.schemas import Answer
from safelight.image_app.tokens import ALGORITHM

router = APIRouter(prefix="/.well-known", tags=["accounts"])

KEPT = {"Cache-Control": "public, max-age=10"}
"""Shorter than a new key is published before it signs."""


class JsonWebKey(Answer):
    """A public key (RFC 7517, RFC 7518)."""

    kty: Literal["RSA"] = "RSA"
    use: Literal["sig"] = "sig"
    alg: Literal["RS256"] = ALGORITHM
    kid: str
    n: str
    e: str


class JsonWebKeySet(Answer):
    """All keys whose tokens are taken, the one that signs first."""

    keys: list[JsonWebKey]


@router.get(
    "/jwks.json",
    summary="The public keys of access tokens",
    response_model=JsonWebKeySet,
    dependencies=OPEN,
    responses=failures(),
)
async def list_public_keys(resources: Needs) -> Response:
    found = JsonWebKeySet(keys=[_shown(key) for key in resources.tokens.taken()])
    return Response(found.to_json(), headers=KEPT, media_type=JSON)


def _shown(key: CheckingKey) -> JsonWebKey:
    numbers: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key.key))
    return JsonWebKey(kid=key.kid, n=numbers["n"], e=numbers["e"])
