"""The same questions to both albums in turn, so that a busy machine slows both alike."""

import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.lists.album import ACCOUNT
from bench.lists.questions import Question, questions
from bench.table import Row
from safelight.backends import keyfiles
from safelight.backends.cache import NoCache
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.image_app.images import service
from safelight.image_app.passwords import Passwords
from safelight.image_app.resources import Resources, Rules
from tests.image_app.given import Pems, resources_over

ROUNDS = 25
LIMIT = 1.3
RULES = Rules(
    file_bytes=0,
    side=0,
    pixels=0,
    quota_bytes=0,
    quota_images=0,
    queue_limit=0,
    body_seconds=0,
    body_rate=0,
)


async def measure(kind: str, few: tuple[str, int], many: tuple[str, int]) -> list[Row]:
    """A row for each question; `few` and `many` are URLs of databases and how many are there."""
    rows = []
    with TemporaryDirectory() as folder:
        pems = _pems(Path(folder))
        small, large = Database(few[0]), Database(many[0])
        objects = Objects(Path(folder).as_uri())
        try:
            async with (
                resources_over(small, objects, pems, Passwords(), RULES) as of_few,
                resources_over(large, objects, pems, Passwords(), RULES) as of_many,
            ):
                asked = (
                    (replace(of_few, answers=NoCache()), few[1]),
                    (replace(of_many, answers=NoCache()), many[1]),
                )
                for question in questions():
                    rows.append(await _row(kind, question, asked))
        finally:
            await small.close()
            await large.close()
    return rows


async def _row(kind: str, question: Question, asked: tuple[tuple[Resources, int], ...]) -> Row:
    taken: list[list[float]] = [[], []]
    for number in range(ROUNDS):
        for times, (resources, count) in zip(taken, asked, strict=True):
            times.append(await _seconds(resources, question, count, number))
    small, large = (median(times[1:]) * 1000 for times in taken)
    ratio = large / small
    return Row(
        f"{kind}: {question.what}",
        f"{small:.1f} ms",
        f"{large:.1f} ms = {ratio:.2f}",
        ratio <= LIMIT or not question.is_promised,
        f"≤ {LIMIT}" if question.is_promised else "",
    )


async def _seconds(resources: Resources, question: Question, count: int, number: int) -> float:
    wanted = question.parameters(resources.cursors, count, number)
    began = time.perf_counter()
    reply = await service.list_images(resources, ACCOUNT, wanted, b"", str)
    seconds = time.perf_counter() - began
    json.loads(reply.body)
    return seconds


def _pems(folder: Path) -> Pems:
    private, public = folder / "private.pem", folder / "public.pem"
    keyfiles.make_keys(private, public)
    return Pems(private.read_bytes(), public.read_bytes())
