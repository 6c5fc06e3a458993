"""Access tokens: JWT, RS256, ten minutes. Refresh tokens: random, kept as a hash."""

import math
import secrets
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal

import jwt
from jwt.utils import base64url_decode, base64url_encode
from pydantic import BaseModel, ConfigDict, Field

from safelight.backends.keyring import CheckingKey, Keyring
from safelight.contract import keys
from safelight.image_app import clock, errors

LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=30)
ISSUER = "safelight"
AUDIENCE = "safelight-api"
ALGORITHM: Literal["RS256"] = "RS256"
TYPE = "at+jwt"
"""RFC 9068: what else may be signed by these keys one day is no access token."""
REMEMBERED = 10_000
LONGEST = 4096
"""Characters of a token; with the largest keys that are in use one has 1,800."""
LEEWAY = timedelta(seconds=30)
"""By which the clocks of those who share the keys may differ."""

_JWS = jwt.PyJWS()
_Second = Annotated[int, Field(ge=0, le=1 << 40)]


class _Claims(BaseModel):
    """Exact types, since a library would take `"1e3"` for a time."""

    model_config = ConfigDict(strict=True, frozen=True)

    sub: str
    iss: str
    aud: str
    iat: _Second
    exp: _Second
    nbf: _Second = 0
    jti: str

    def hold(self, now: float) -> bool:
        leeway = LEEWAY.total_seconds()
        return (
            (self.iss, self.aud) == (ISSUER, AUDIENCE)
            and keys.is_id(self.sub)
            and keys.is_id(self.jti)
            and max(self.iat, self.nbf) - leeway <= now < self.exp + leeway
        )


class Tokens:
    """Signs access tokens with one key, and checks them with that and others."""

    def __init__(self, ring: Keyring, remembered: int = REMEMBERED) -> None:
        self._most = remembered
        self._seen: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self.renew(ring)

    def renew(self, ring: Keyring) -> None:
        """Sign and check with these from now on; what others have signed is forgotten."""
        self._signing, self._kid = ring.signing, ring.checking[0].kid
        ends = {key.kid: key.until.timestamp() if key.until else math.inf for key in ring.checking}
        self._checking = {key.kid: (key, ends[key.kid]) for key in ring.checking}
        self._seen.clear()

    def taken(self) -> list[CheckingKey]:
        """The public keys of tokens that are taken now, the one that signs first."""
        now = time.time()
        return [key for key, until in self._checking.values() if now < until]

    def issue(self, account_id: str, token_id: str | None = None) -> str:
        """Issued when its id was made, or now."""
        jti = token_id or clock.id_of_now()
        now = clock.made_at(jti)
        claims = {
            "sub": account_id,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": jti,
        }
        return jwt.encode(claims, self._signing, ALGORITHM, {"kid": self._kid, "typ": TYPE})

    def remembered(self, token: str) -> str | None:
        """Id of the account of a token that has been checked before and is not over."""
        seen = self._seen.get(token)
        return seen[0] if seen and time.time() < seen[1] else None

    def account_of(self, token: str) -> str:
        """Id of the account that a token was issued to; raises `unauthenticated`."""
        if account_id := self.remembered(token):
            return account_id
        try:
            claims, until = self._checked(token, time.time())
        except (jwt.InvalidTokenError, ValueError):
            raise errors.UNAUTHENTICATED() from None
        self._seen[token] = (claims.sub, min(float(claims.exp), until))
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return claims.sub

    def issued_at(self, token: str) -> datetime:
        """To the millisecond, which `iat` is not; raises `unauthenticated`."""
        try:
            claims, _ = self._checked(token, time.time())
        except (jwt.InvalidTokenError, ValueError):
            raise errors.UNAUTHENTICATED() from None
        return clock.made_at(claims.jti)

    def _checked(self, token: str, now: float) -> tuple[_Claims, float]:
        """What it says, and until when its key is taken; raises ValueError, InvalidTokenError."""
        signature = token.rpartition(".")[2].encode()
        if len(token) > LONGEST or base64url_encode(base64url_decode(signature)) != signature:
            raise ValueError("no token of ours")  # nor another spelling of one
        header = jwt.get_unverified_header(token)
        kid = header.get("kid", "")
        key, until = self._checking.get(kid, (None, 0.0))
        if key is None or now >= until:
            raise ValueError("signed by none of our keys")
        if header != {"alg": ALGORITHM, "typ": TYPE, "kid": kid}:
            raise ValueError("a header that we never write")
        claims = _Claims.model_validate_json(_JWS.decode(token, key.key, [ALGORITHM]))
        if not claims.hold(now):
            raise ValueError("not for here, or not for now")
        return claims, until


def new_refresh_token() -> tuple[str, str, datetime]:
    """A token for the client, what to keep of it, and when it expires."""
    token = secrets.token_urlsafe(32)
    return token, hash_refresh_token(token), clock.now() + REFRESH_LIFETIME


def hash_refresh_token(token: str) -> str:
    return sha256(token.encode()).hexdigest()
