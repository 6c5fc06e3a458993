"""Cached answers: a committed change drops those of its account."""

import pytest

from safelight.image_app import clock
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin

QUESTION = "list:50:"


async def remember(resources: Resources, account: str, body: bytes) -> None:
    _, ticket = await resources.answers.get(account, QUESTION)
    await resources.answers.keep(account, QUESTION, ticket, body)


async def remembered(resources: Resources, account: str) -> bytes | None:
    return (await resources.answers.get(account, QUESTION)).body


async def test_a_work_that_changes_an_account_drops_its_answers_before_it_ends(
    resources: Resources,
) -> None:
    account = clock.new_id()
    await remember(resources, account, b"old")
    async with begin(resources) as work:
        work.change(account)
        assert await remembered(resources, account) == b"old"
    assert await remembered(resources, account) is None


async def test_a_work_that_fails_drops_nothing(resources: Resources) -> None:
    account = clock.new_id()
    await remember(resources, account, b"true")
    with pytest.raises(RuntimeError, match="on purpose"):  # noqa: PT012 - the block is what is tested
        async with begin(resources) as work:
            work.change(account)
            raise RuntimeError("on purpose")
    assert await remembered(resources, account) == b"true"
