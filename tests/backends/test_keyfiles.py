"""Keys and secrets as files."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from safelight.backends import keyfiles
from safelight.backends.keyring import read_public
from safelight.backends.unusable import Unusable


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "keys" / "private.pem", tmp_path / "keys" / "public.pem"


def test_a_pair_is_made_once_and_kept(pair: tuple[Path, Path]) -> None:
    private, public = pair
    assert keyfiles.make_keys(private, public)
    before = private.read_bytes(), public.read_bytes()
    assert not keyfiles.make_keys(private, public)
    assert (private.read_bytes(), public.read_bytes()) == before
    key = load_pem_private_key(private.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    assert key.key_size == keyfiles.KEY_BITS
    assert key.public_key() == load_pem_public_key(public.read_bytes())
    for path in pair:
        assert path.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in private.parent.iterdir()} == {"private.pem", "public.pem"}


def test_a_public_key_alone_is_refused_and_both_are_named(pair: tuple[Path, Path]) -> None:
    private, public = pair
    public.parent.mkdir()
    public.write_text("half")
    with pytest.raises(Unusable) as refusal:
        keyfiles.make_keys(private, public)
    assert f"{public} exists and {private} does not" in str(refusal.value)


def test_a_missing_public_key_is_made_from_its_private_one(pair: tuple[Path, Path]) -> None:
    private, public = pair
    keyfiles.make_keys(private, public)
    before = read_public(public.read_bytes())[0].key
    public.unlink()
    assert keyfiles.make_keys(private, public)
    assert read_public(public.read_bytes())[0].key == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o601])
def test_a_secret_that_others_may_touch_is_refused_with_the_remedy(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "private.pem"
    path.write_text("secret")
    path.chmod(mode)
    with pytest.raises(Unusable, match=f"chmod 600 {path}"):
        keyfiles.read_private(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "private.pem"
    path.write_bytes(b"secret")
    path.chmod(mode)
    assert keyfiles.read_private(path) == b"secret"


def test_a_missing_key_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="missing: make it with `safelight certs`"):
        keyfiles.read_private(tmp_path / "private.pem")


def test_a_key_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "private.pem").mkdir(mode=0o700)
    with pytest.raises(Unusable, match=r"private.pem can't be read"):
        keyfiles.read_private(tmp_path / "private.pem")


def test_the_link_secret_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "link.secret"
    secret = keyfiles.link_secret(path)
    assert len(secret) >= 32
    assert keyfiles.link_secret(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert keyfiles.link_secret(tmp_path / "other.secret") != secret


def test_a_link_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.secret"
    keyfiles.link_secret(path)
    path.chmod(0o644)
    with pytest.raises(Unusable):
        keyfiles.link_secret(path)


def test_what_a_crash_left_half_written_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / ".link.secret.new").write_bytes(b"hal")
    assert keyfiles.link_secret(tmp_path / "link.secret") != b"hal"
    assert [path.name for path in tmp_path.iterdir()] == ["link.secret"]
