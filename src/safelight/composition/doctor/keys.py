"""What is secret, and settings that give it away."""

from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from safelight.backends import keyfiles
from safelight.backends.keyring import read_public
from safelight.composition.doctor.finding import Finding, fault, ok, warning
from safelight.settings import Settings

LEAST_BITS = 2048
LOCAL = ("localhost", "127.0.0.1", "::1")
DISTINCT = 10
"""Different characters that a secret made by chance has at least."""


async def unsafe(settings: Settings) -> list[Finding]:
    found = [*_public_url(settings), *_token(settings)]
    for name in ("link_secret", "processor_token"):
        secret = getattr(settings, name)
        if secret and len(set(secret)) < DISTINCT:
            words = f"SAFELIGHT_{name.upper()} is easy to guess"
            found.append(fault("settings", words, "make one with `openssl rand -hex 32`"))
    if settings.link_secret and settings.link_secret == settings.processor_token:
        words = "SAFELIGHT_LINK_SECRET and SAFELIGHT_PROCESSOR_TOKEN are the same"
        found.append(fault("settings", words, "make one of its own for each"))
    return found or [ok("settings", "nothing in them is unsafe")]


def _public_url(settings: Settings) -> list[Finding]:
    url = urlsplit(settings.public_url)
    if url.scheme == "http" and url.hostname not in LOCAL:
        words = f"SAFELIGHT_PUBLIC_URL is {settings.public_url}: tokens travel in the clear"
        return [warning("settings", words, "put a proxy that speaks TLS in front")]
    return []


def _token(settings: Settings) -> list[Finding]:
    if not settings.broker_url or settings.processor_token:
        return []
    words = "SAFELIGHT_PROCESSOR_TOKEN is empty: no new transformation is delivered"
    return [warning("settings", words, "set the same on APIs and processors")]


async def keys(settings: Settings) -> list[Finding]:
    """Both files of the pair, and the secret of links; raises `Unusable` for what others may
    read.
    """
    path, public = settings.resolved_private_key(), settings.resolved_public_key()
    if not path.exists() and not public.exists() and not settings.broker_url:
        return [warning("keys", f"there is no {path} yet", "`safelight up` makes it")]
    found = [_pair(keyfiles.read_private(path), public.read_bytes(), str(path))]
    secret = settings.resolved_link_secret()
    if not settings.link_secret:
        keyfiles.read_private(secret)
        found.append(ok("link secret", f"{secret}, readable by its owner alone"))
    return found


def _pair(private_pem: bytes, public_pem: bytes, path: str) -> Finding:
    private = load_pem_private_key(private_pem, None)
    if not isinstance(private, rsa.RSAPrivateKey):
        return fault("keys", f"{path} is no RSA key", "move it away, then `safelight certs`")
    if private.key_size < LEAST_BITS:
        words = f"{path} has {private.key_size} bits, which can be broken"
        return fault("keys", words, "move both away, then `safelight certs`")
    if private.public_key() not in [one.key for one in read_public(public_pem)]:
        remedy = "bring back the pair, or move both away, then `safelight certs`"
        return fault("keys", f"the public key is not that of {path}", remedy)
    return ok("keys", f"{path}, {private.key_size} bits, readable by its owner alone")
