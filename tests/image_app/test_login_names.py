"""What somebody types to sign in, and the name that it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.image_app.accounts.schemas import login_name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ann", "ann"),
        ("Ann", "ann"),
        ("ann@example.com", "ann@example.com"),
        ("Ann@EXAMPLE.com", "ann@example.com"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
        ("ann@xn--bcher-kva.example.com", "ann@b\u00fccher.example.com"),
        ("Ann@", "ann@"),
        ("", ""),
    ],
)
def test_a_name_is_meant_as_it_is_kept(typed: str, meant: str) -> None:
    assert login_name(typed) == meant


@given(st.text(max_size=320))
def test_whatever_is_typed_is_a_name(typed: str) -> None:
    for text in (typed, f"{typed}@{typed}", f"ann@{typed}"):
        assert login_name(login_name(text)) == login_name(text)
