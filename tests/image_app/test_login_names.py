"""What somebody types to sign in, and the name that it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.image_app.accounts.schemas import Registration, login_name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ann", "ann"),
        ("Ann", "ann"),
        ("ann@example.com", "ann@example.com"),
        ("Ann@EXAMPLE.com", "ann@example.com"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
        ("ann@xn--bcher-kva.example.com", "ann@b\u00fccher.example.com"),
        ("rene\u0301@Office.LOCAL", "ren\u00e9@office.local"),
        ("Ann@", "ann@"),
        ("", ""),
    ],
)
def test_a_name_is_meant_as_it_is_kept(typed: str, meant: str) -> None:
    assert login_name(typed) == meant


@pytest.mark.parametrize("domain", ["office.local", "example.test", "a.b.invalid", "example.com"])
def test_an_account_may_have_an_e_mail_of_a_domain_that_only_its_office_knows(domain: str) -> None:
    email = f"ann@{domain}"
    assert Registration(username="ann", email=email, password="a" * 10).email == email


@given(st.text(max_size=320))
def test_whatever_is_typed_is_a_name(typed: str) -> None:
    for text in (typed, f"{typed}@{typed}", f"ann@{typed}"):
        assert login_name(login_name(text)) == login_name(text)
