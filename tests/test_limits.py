"""What the settings of limits become, and how those that make no sense are refused."""

import pytest

from safelight.backends.unusable import Unusable
from safelight.composition import api_parts
from safelight.settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit_register", "often"),
        ("limit_register", ""),
        ("limit_login", "10"),
        ("limit_login_address", "10/fortnight"),
        ("limit_render", "-1/second"),
        ("trusted_proxies", "proxy.example.com"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(Unusable, match=f"SAFELIGHT_{name.upper()} can't be used"):
        api_parts.limits(Settings.model_validate({name: value}))


@pytest.mark.parametrize(
    ("login", "address", "most"),
    [("10/minute", "", 60), ("3/second", "", 18), ("10/minute", "15/minute", 15)],
)
async def test_an_address_may_try_six_times_as_often_as_a_name_unless_it_is_said(
    login: str, address: str, most: int
) -> None:
    settings = Settings(limit_login=login, limit_login_address=address, cache_url="mem://")
    rates, _ = api_parts.limits(settings)
    assert (await rates.look("login-address", "192.0.2.1")).rates[0].most == most
