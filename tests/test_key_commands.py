"""`safelight keys` where nothing runs: on keys that other tools made, wherever they are."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from safelight.backends import keyfiles
from tests.product import Product


@pytest.fixture
def installed(tmp_path: Path) -> Product:
    """An installation whose keys are a plain pair in a folder of their own."""
    private, public = tmp_path / "certs" / "private.pem", tmp_path / "certs" / "jwt.pub"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    spki = PublicFormat.SubjectPublicKeyInfo
    keyfiles.write(private, keyfiles.pem_of(key))
    keyfiles.write(public, key.public_key().public_bytes(Encoding.PEM, spki))
    return Product(tmp_path, SAFELIGHT_PRIVATE_KEY=str(private), SAFELIGHT_PUBLIC_KEY=str(public))


def test_a_pair_that_another_tool_made_is_listed_and_rotated(
    installed: Product, tmp_path: Path
) -> None:
    code, words = installed.run("keys", "list")
    assert code == 0, words
    kid = words.split()[0]
    assert words == f"{kid}  made at some time  signs\n"

    code, words = installed.run("keys", "rotate", "--wait", "0")
    assert code == 0, words
    code, words = installed.run("keys", "list", "--json")
    signs, former = json.loads(words)
    assert (signs["state"], former["state"]) == ("signs", "is taken")
    assert (former["kid"], former["made"]) == (kid, None)
    assert {path.name for path in (tmp_path / "certs").iterdir()} == {"private.pem", "jwt.pub"}
    assert installed.run("certs")[1].startswith("Kept")


def test_a_key_that_others_may_read_is_neither_listed_nor_rotated(
    installed: Product, tmp_path: Path
) -> None:
    (tmp_path / "certs" / "private.pem").chmod(0o644)
    for arguments in (("list",), ("rotate", "--wait", "0")):
        code, words = installed.run("keys", *arguments)
        assert code == 1
        assert "chmod 600" in words
        assert "Traceback" not in words
