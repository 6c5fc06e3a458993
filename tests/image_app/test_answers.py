"""Cached answers: nobody ever reads one from before a write."""

from collections.abc import AsyncIterator

import pytest
from cashews import Cache

from safelight.backends.cache import open_cache
from safelight.image_app import clock
from safelight.image_app.answers import Answers
from safelight.image_app.resources import Resources
from safelight.image_app.work import begin

QUESTION = "list:50:"


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    cache = open_cache("mem://")
    yield cache
    await cache.close()


@pytest.fixture
def answers(cache: Cache) -> Answers:
    return Answers(cache)


async def answered(answers: Answers, account: str = "ann") -> bytes | None:
    """What somebody who asks now is told without a look at the database."""
    return await answers.get(account, await answers.generation(account), QUESTION)


async def test_an_answer_is_kept_for_its_account_and_question_alone(answers: Answers) -> None:
    generation = await answers.generation("ann")
    await answers.keep("ann", generation, QUESTION, b"\xff any bytes \0")
    assert await answered(answers) == b"\xff any bytes \0"
    assert await answers.get("ann", generation, "list:51:") is None
    assert await answers.get("bob", generation, QUESTION) is None
    assert await answered(answers, "bob") is None


async def test_without_a_write_the_generation_stays(answers: Answers) -> None:
    assert await answers.generation("ann") == await answers.generation("ann")


async def test_forgetting_drops_every_answer_of_the_account_and_of_no_other(
    answers: Answers,
) -> None:
    for account in ("ann", "bob"):
        await answers.keep(account, await answers.generation(account), QUESTION, b"old")
    await answers.forget("ann")
    assert await answered(answers) is None
    assert await answered(answers, "bob") == b"old"


async def test_an_answer_made_while_somebody_writes_is_never_read(answers: Answers) -> None:
    before = await answers.generation("ann")
    await answers.forget("ann")
    await answers.keep("ann", before, QUESTION, b"from before the write")
    assert await answered(answers) is None


async def test_a_lost_generation_brings_no_old_answer_back(answers: Answers, cache: Cache) -> None:
    before = await answers.generation("ann")
    await answers.keep("ann", before, QUESTION, b"old")
    await cache.delete("generation:ann")
    assert await answers.generation("ann") != before
    assert await answered(answers) is None


async def test_a_work_that_changes_an_account_drops_its_answers_before_it_ends(
    resources: Resources,
) -> None:
    account = clock.new_id()
    await resources.answers.keep(
        account, await resources.answers.generation(account), QUESTION, b"old"
    )
    async with begin(resources) as work:
        work.change(account)
        assert await answered(resources.answers, account) == b"old"
    assert await answered(resources.answers, account) is None


async def test_a_work_that_fails_drops_nothing(resources: Resources) -> None:
    account = clock.new_id()
    await resources.answers.keep(
        account, await resources.answers.generation(account), QUESTION, b"true"
    )
    with pytest.raises(RuntimeError, match="on purpose"):  # noqa: PT012 - the block is what is tested
        async with begin(resources) as work:
            work.change(account)
            raise RuntimeError("on purpose")
    assert await answered(resources.answers, account) == b"true"
