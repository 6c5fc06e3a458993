"""Another key takes over: each moment of it is good, and nothing is lost by a crash."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from safelight.backends import keyfiles
from safelight.backends.keyring import CheckingKey
from safelight.backends.rotation import rotate
from safelight.backends.unusable import Unusable

LIVE = timedelta(minutes=11)


class Crash(Exception):
    """The command is cut off."""


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    keyfiles.make_keys(private, public)
    return private, public


def nothing(_new: CheckingKey) -> None:
    """Nobody has to be waited for."""


def crash(_new: CheckingKey) -> None:
    raise Crash


def kids(pair: tuple[Path, Path]) -> list[str]:
    return [key.kid for key in keyfiles.read_keyring(*pair).checking]


def test_a_new_key_is_published_before_it_signs(pair: tuple[Path, Path]) -> None:
    [former] = kids(pair)
    seen: list[list[str]] = []
    signs, *others = rotate(*pair, LIVE, lambda _new: seen.append(kids(pair)))
    assert seen == [[former, signs.kid]], "the former one still signs, the new one is taken"
    assert [key.kid for key in others] == [former]
    assert kids(pair) == [signs.kid, former]


def test_a_former_key_is_taken_until_its_last_token_is_over(pair: tuple[Path, Path]) -> None:
    began = datetime.now(UTC)
    rotate(*pair, LIVE, nothing)
    signs, former = keyfiles.read_keyring(*pair).checking
    assert signs.until is None
    assert signs.made is not None
    assert former.made is not None
    assert former.until is not None
    assert timedelta(seconds=-1) <= former.until - (began + LIVE) < timedelta(seconds=30)


def test_a_key_that_is_over_is_dropped_by_the_next_rotation(pair: tuple[Path, Path]) -> None:
    rotate(*pair, timedelta(), nothing)
    rotate(*pair, LIVE, nothing)
    last, second = kids(pair)
    rotate(*pair, LIVE, nothing)
    assert kids(pair)[1:] == [last, second]


def test_a_rotation_that_was_cut_off_leaves_what_signed_and_is_begun_again(
    pair: tuple[Path, Path],
) -> None:
    [former] = kids(pair)
    with pytest.raises(Crash):
        rotate(*pair, LIVE, crash)
    assert kids(pair)[0] == former
    rotate(*pair, LIVE, nothing)
    signs, *others = keyfiles.read_keyring(*pair).checking
    assert {former} < {key.kid for key in others}
    assert all(key.until for key in others), "also what was published and never signed has an end"
    assert signs.kid not in {key.kid for key in others}


def test_what_signed_long_after_a_crash_is_taken_for_as_long_as_any(
    pair: tuple[Path, Path],
) -> None:
    with pytest.raises(Crash):
        rotate(*pair, timedelta(), crash)
    former = kids(pair)[0]
    rotate(*pair, LIVE, nothing)
    [end] = [k.until for k in keyfiles.read_keyring(*pair).checking if k.kid == former]
    assert end is not None
    assert end > datetime.now(UTC) + LIVE - timedelta(minutes=1)


def test_the_files_stay_their_owner_s_alone_and_no_other_is_left(pair: tuple[Path, Path]) -> None:
    for wait in (nothing, crash, nothing):
        try:
            rotate(*pair, LIVE, wait)
        except Crash:
            assert wait is crash
        assert set(pair[0].parent.iterdir()) == set(pair)
        assert [path.stat().st_mode & 0o777 for path in pair] == [0o600, 0o600]


def test_two_rotations_at_once_are_refused(pair: tuple[Path, Path]) -> None:
    refused: list[str] = []

    def meanwhile(_new: CheckingKey) -> None:
        with pytest.raises(Unusable) as refusal:
            rotate(*pair, LIVE, nothing)
        refused.append(str(refusal.value))

    rotate(*pair, LIVE, meanwhile)
    assert refused == ["the keys are being rotated already"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda private, _public: private.unlink(), "missing"),
        (lambda _private, public: public.unlink(), "can't be used"),
        (lambda private, _public: private.chmod(0o644), "chmod 600"),
        (lambda _private, public: public.write_text("no key"), "can't be used"),
    ],
    ids=["no private key", "no public key", "readable by others", "no key"],
)
def test_keys_that_can_not_be_used_are_left_as_they_are(
    pair: tuple[Path, Path], harm: Callable[[Path, Path], None], words: str
) -> None:
    harm(*pair)
    before = {path: path.read_bytes() for path in pair if path.exists()}
    with pytest.raises(Unusable, match=words):
        rotate(*pair, LIVE, nothing)
    assert {path: path.read_bytes() for path in pair if path.exists()} == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="nowhere"):
        rotate(tmp_path / "nowhere" / "private.pem", tmp_path / "public.pem", LIVE, nothing)
