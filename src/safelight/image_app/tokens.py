"""Access tokens: JWT, RS256, ten minutes. Refresh tokens: random, kept as a hash."""

import secrets
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from safelight.image_app import clock, errors

LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=30)
ISSUER = "safelight"
AUDIENCE = "safelight-api"
ALGORITHM = "RS256"
MIN_KEY_BITS = 2048
REMEMBERED = 10_000
LEEWAY = timedelta(seconds=30)


class Tokens:
    """Signs and checks access tokens with one pair of keys, loaded once.

    Raises ValueError for keys that are no RSA pair or shorter than 2048 bits.
    """

    def __init__(self, private_pem: bytes, public_pem: bytes) -> None:
        private, public = load_pem_private_key(private_pem, None), load_pem_public_key(public_pem)
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise ValueError("the keys must be RSA keys")
        if public.key_size < MIN_KEY_BITS:
            raise ValueError(f"the keys have {public.key_size} bits; {MIN_KEY_BITS} are needed")
        if private.public_key() != public:
            raise ValueError("the private and the public key are not a pair")
        self._private, self._public = private, public
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._kid = sha256(der).hexdigest()[:16]
        self._seen: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def issue(self, account_id: str) -> str:
        now = clock.now()
        claims = {
            "sub": account_id,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": clock.new_id(),
        }
        return jwt.encode(claims, self._private, ALGORITHM, headers={"kid": self._kid})

    def remembered(self, token: str) -> str | None:
        """Id of the account of a token that has been checked before and is not over."""
        seen = self._seen.get(token)
        return seen[0] if seen and time.time() < seen[1] else None

    def account_of(self, token: str) -> str:
        """Id of the account that a token was issued to; raises `unauthenticated`."""
        if seen := self.remembered(token):
            return seen
        try:
            if jwt.get_unverified_header(token).get("kid") != self._kid:
                raise errors.UNAUTHENTICATED()
            claims = jwt.decode(
                token,
                self._public,
                [ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": ["sub", "exp", "iat", "jti"]},
            )
        except (jwt.InvalidTokenError, ValueError):
            raise errors.UNAUTHENTICATED() from None
        account_id = str(claims["sub"])
        self._seen[token] = (account_id, float(claims["exp"]))
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return account_id


def new_refresh_token() -> tuple[str, str, datetime]:
    """A token for the client, what to keep of it, and when it expires."""
    token = secrets.token_urlsafe(32)
    return token, hash_refresh_token(token), clock.now() + REFRESH_LIFETIME


def hash_refresh_token(token: str) -> str:
    return sha256(token.encode()).hexdigest()
