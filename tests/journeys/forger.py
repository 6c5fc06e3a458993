"""Somebody who has stolen an installation's key, or pretends to."""

import base64
import hmac
import json
import time
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.client import Client
from tests.product import Product

Json = dict[str, Any]


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def segment(value: Json) -> str:
    return b64(json.dumps(value).encode())


def rs256(key: RSAPrivateKey, header: Json, claims: Json) -> str:
    """Just these, signed by just this key."""
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{b64(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


class Forger:
    """Makes tokens in somebody's name, each as wrong as wanted."""

    def __init__(self, product: Product, client: Client) -> None:
        self.genuine = client.headers["Authorization"].removeprefix("Bearer ")
        self.header: Json = jwt.get_unverified_header(self.genuine)
        self.claims: Json = jwt.decode(self.genuine, options={"verify_signature": False})
        pem = (product.data / "private.pem").read_bytes()
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, RSAPrivateKey)
        self.private = key
        self.public = (product.data / "public.pem").read_bytes()

    def signed(self, header: Json | None = None, **claims: Any) -> str:
        """By the right key; what is None is left out."""
        said = {n: v for n, v in (self.claims | claims).items() if v is not None}
        return self.signed_bytes(json.dumps(said).encode(), header)

    def signed_bytes(self, claims: bytes, header: Json | None = None) -> str:
        headers = {n: v for n, v in (self.header | (header or {})).items() if v is not None}
        del headers["alg"]
        return jwt.PyJWS().encode(claims, self.private, "RS256", {"typ": None} | headers)

    def at(self, **seconds: int) -> str:
        """With these times, in seconds from now."""
        now = int(time.time())
        times: Json = {claim: now + later for claim, later in seconds.items()}
        return self.signed(**times)

    def keyed(self, secret: bytes) -> str:
        """HS256, with what everybody knows for its secret."""
        signed = f"{segment(self.header | {'alg': 'HS256'})}.{segment(self.claims)}"
        return f"{signed}.{b64(hmac.digest(secret, signed.encode(), sha256))}"
