"""The key that signs tokens and those that check them, as they stand in two PEM files.

`private.pem` has the one that signs. `public.pem` has its public key and others whose tokens are
taken: one that is about to sign, former ones until the last of their tokens is over. Lines before
a key, which every reader of PEM skips, say when it was made and until when it is taken.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

MIN_KEY_BITS = 2048
_BLOCK = re.compile(
    r"(?P<said>(?:^[A-Z][a-z]+: .*\n)*)"
    r"(?P<pem>-----BEGIN (?P<kind>[A-Z ]+)-----(?s:.+?)-----END (?P=kind)-----)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class CheckingKey:
    """A public key; `made` is None when nobody noted it, `until` when it has no end."""

    key: RSAPublicKey
    made: datetime | None = None
    until: datetime | None = None

    @property
    def kid(self) -> str:
        return sha256(self.key.public_bytes(Encoding.DER, _SPKI)).hexdigest()[:16]

    def pem(self) -> bytes:
        said = {"Made": self.made, "Until": self.until}
        lines = [f"{name}: {time.isoformat()}\n" for name, time in said.items() if time]
        return "".join(lines).encode() + self.key.public_bytes(Encoding.PEM, _SPKI)


_SPKI = PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True, slots=True)
class Keyring:
    """What signs, and what checks: the public key of what signs comes first and has no end."""

    signing: RSAPrivateKey
    checking: tuple[CheckingKey, ...]

    @classmethod
    def of(cls, private_pem: bytes, public_pem: bytes) -> "Keyring":
        """Raises ValueError, also when the public key of what signs is not among the others."""
        # What is looked for there takes 110 ms, in which nothing else runs; `_is_pair` needs 3.
        signing = load_pem_private_key(private_pem, None, unsafe_skip_rsa_key_validation=True)
        keys = read_public(public_pem)
        if not isinstance(signing, RSAPrivateKey):
            raise ValueError("the keys must be RSA keys")
        if signing.key_size < MIN_KEY_BITS:
            raise ValueError(f"the keys have {signing.key_size} bits; {MIN_KEY_BITS} are needed")
        own = [one for one in keys if one.key == signing.public_key()]
        if not own or not _is_pair(signing, own[0].key):
            raise ValueError("the private and the public key are not a pair")
        others = [one for one in keys if one.key != own[0].key]
        return cls(signing, (CheckingKey(own[0].key, own[0].made), *others))


def read_public(pem: bytes) -> list[CheckingKey]:
    """Every key in the file; raises ValueError."""
    found = [_checking_key(block) for block in _BLOCK.finditer(pem.decode("ascii"))]
    if not found:
        raise ValueError("there is no public key")
    return found


def written(keys: Iterable[CheckingKey]) -> bytes:
    """The file of these public keys."""
    return b"".join(key.pem() for key in keys)


def _checking_key(block: re.Match[str]) -> CheckingKey:
    key = load_pem_public_key(block["pem"].encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the keys must be RSA keys")
    if key.key_size < MIN_KEY_BITS:
        raise ValueError(f"the keys have {key.key_size} bits; {MIN_KEY_BITS} are needed")
    said = dict(line.split(": ", 1) for line in block["said"].splitlines())
    return CheckingKey(key, _time(said.get("Made")), _time(said.get("Until")))


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text.strip())
    if time.tzinfo is None:
        raise ValueError(f"the time {text} says no zone")
    return time


def _is_pair(private: RSAPrivateKey, public: RSAPublicKey) -> bool:
    """Whether one checks what the other signs."""
    signature = private.sign(b"", padding.PKCS1v15(), SHA256())
    try:
        public.verify(signature, b"", padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
