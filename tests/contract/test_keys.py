"""Where an object lives."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from safelight.contract import keys

ids = st.uuids().map(str)
fingerprints = st.text("0123456789abcdef", min_size=16, max_size=16)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)

ACCOUNT = str(UUID(int=1))
IMAGE = str(UUID(int=2))


def test_the_keys_are_spelled_as_they_were_published() -> None:
    assert keys.original("a", "i") == "originals/a/i"
    assert keys.variant("a", "i", "f" * 16, "0123456789abcdef" * 4) == (
        "variants/a/i/ffffffffffffffff-0123456789abcdef"
    )


@given(ids, ids, fingerprints, hashes)
def test_a_key_tells_its_image_and_its_account(
    account: str, image: str, fingerprint: str, sha256: str
) -> None:
    for key in (
        keys.original(account, image),
        keys.variant(account, image, fingerprint, sha256),
    ):
        assert keys.image_of(key) == image
        assert keys.is_of_account(key, {account})
        assert not keys.is_of_account(key, {image} - {account})


@given(ids, ids, fingerprints, hashes)
def test_every_key_lies_below_its_prefixes(
    account: str, image: str, fingerprint: str, sha256: str
) -> None:
    assert keys.original(account, image).startswith(keys.originals(account))
    variant = keys.variant(account, image, fingerprint, sha256)
    assert variant.startswith(keys.variants(account, image))
    assert variant.startswith(keys.all_variants(account))


Place = tuple[str, str, str, str]


@given(
    st.tuples(ids, ids, fingerprints, hashes),
    st.tuples(ids, ids, fingerprints, hashes),
)
def test_other_work_has_another_key_and_the_same_work_the_same(one: Place, other: Place) -> None:
    same = one[:3] == other[:3] and one[3][:16] == other[3][:16]
    assert (keys.variant(*one) == keys.variant(*other)) == same


@given(ids, ids)
def test_one_account_never_reaches_into_another(one: str, other: str) -> None:
    if one != other:
        assert not keys.original(one, IMAGE).startswith(keys.originals(other))
        assert not keys.is_of_account(keys.original(one, IMAGE), {other})


@given(st.text())
def test_what_was_not_made_here_belongs_to_no_account(key: str) -> None:
    assert not keys.is_of_account(key, {ACCOUNT})


def test_a_key_that_is_too_short_or_too_long_belongs_to_no_account() -> None:
    for key in (
        f"originals/{ACCOUNT}",
        f"originals/{ACCOUNT}/{IMAGE}/more",
        f"variants/{ACCOUNT}/{IMAGE}",
        f"variants/{ACCOUNT}/{IMAGE}/one/more",
        f"others/{ACCOUNT}/{IMAGE}",
    ):
        assert not keys.is_of_account(key, {ACCOUNT})
