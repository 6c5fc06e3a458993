"""Keys and secrets as files: readable by their owner alone, replaced whole or not at all."""

import os
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from safelight.backends.keyring import CheckingKey, Keyring, written
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
    made = None
    if not private.exists():
        made = datetime.now(UTC).replace(microsecond=0)
        write(private, pem_of(new_key()))
    write(public, written([CheckingKey(_public_key(read_private(private)), made)]))
    return True


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_key(private_pem: bytes) -> rsa.RSAPublicKey:
    try:
        key = load_pem_private_key(private_pem, None)
    except (ValueError, TypeError) as error:
        raise Unusable(f"the private key can't be used: {error}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Unusable("the private key can't be used: it must be an RSA key")
    return key.public_key()


def read_keyring(private: Path, public: Path) -> Keyring:
    """Both files; raises `Unusable`. The private one first: whatever it becomes is published
    before, so that each moment between two reads is good.
    """
    private_pem = read_private(private)
    try:
        return Keyring.of(private_pem, public.read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Unusable(f"the keys that sign tokens can't be used: {error}") from None


def read_private(path: Path) -> bytes:
    """The bytes of a file that no other user may read; raises `Unusable`."""
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise Unusable(f"others may read {path}: run `chmod 600 {path}`")
        return path.read_bytes()
    except FileNotFoundError:
        raise Unusable(f"{path} is missing: make it with `safelight certs`") from None
    except OSError as error:
        raise Unusable(f"{path} can't be read: {error.strerror}") from None


def link_secret(path: Path) -> bytes:
    """The secret that signs links, made on first use."""
    if not path.exists():
        write(path, secrets.token_urlsafe(48).encode())
    return read_private(path)


def write(path: Path, content: bytes) -> None:
    """Whole or not at all, with mode 0600 from the first byte on; raises `Unusable`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stage(path, content).rename(path)
        _keep(path.parent)
    except OSError as error:
        raise Unusable(f"can't write {path}: {error.strerror}") from None


def stage(path: Path, content: bytes) -> Path:
    """What will be renamed to a path, beside it and of the same owner; raises OSError."""
    staged = path.with_name(f".{path.name}.new")
    staged.unlink(missing_ok=True)
    fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        if path.exists() and os.geteuid() == 0:
            os.fchown(fd, path.stat().st_uid, path.stat().st_gid)
        file.write(content)
        file.flush()
        os.fsync(fd)
    return staged


def _keep(folder: Path) -> None:
    """Have the names in a folder survive a loss of power."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
