"""Keys and secrets as files: made once, readable by their owner alone."""

import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from safelight.backends.unusable import Unusable

KEY_BITS = 3072


def make_keys(private: Path, public: Path) -> bool:
    """Make the pair of keys that signs tokens, unless both are there; whether it was made.

    A public key that is missing is made from its private one.
    """
    if private.exists() and public.exists():
        return False
    if public.exists():
        raise Unusable(f"{public} exists and {private} does not: bring it back or remove both")
    if not private.exists():
        _write(private, _pem(rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)))
    _write(public, _public_pem(read_private(private)))
    return True


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_pem(private_pem: bytes) -> bytes:
    try:
        key = load_pem_private_key(private_pem, None)
    except (ValueError, TypeError) as error:
        raise Unusable(f"the private key can't be used: {error}") from None
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_private(path: Path) -> bytes:
    """The bytes of a file that no other user may read; raises `Unusable`."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise Unusable(f"{path} is missing: make it with `safelight certs`") from None
    if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unusable(f"others may read {path}: run `chmod 600 {path}`")
    return path.read_bytes()


def link_secret(path: Path) -> bytes:
    """The secret that signs links, made on first use."""
    if not path.exists():
        _write(path, secrets.token_urlsafe(48).encode())
    return read_private(path)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, with mode 0600 from the first byte on."""
    staged = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.unlink(missing_ok=True)
        fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.rename(path)
    except OSError as error:
        raise Unusable(f"can't write {path}: {error.strerror}") from None
