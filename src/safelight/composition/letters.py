"""`safelight dead-letters`, with its settings."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from safelight.backends.unusable import Unusable
from safelight.composition import databases, places
from safelight.image_app.dead_letters import letters
from safelight.image_app.dead_letters.letters import Letter
from safelight.settings import Settings

if TYPE_CHECKING:
    from safelight.image_app.dead_letters.sending import Plan


async def newest(settings: Settings, limit: int) -> list[Letter]:
    async with databases.kept(settings) as database, database.reading() as connection:
        return await letters.newest(connection, limit)


async def show(settings: Settings, id_: int) -> tuple[Letter, "Plan"]:
    """The letter, and what sending it would do now; raises `Unusable` for an unknown one."""
    # Only here and below, since what sends loads all that services use.
    from safelight.image_app.dead_letters import sending

    objects = places.objects(settings)
    async with databases.kept(settings) as database, database.reading() as connection:
        letter = await letters.find(connection, id_)
        if letter is None:
            raise _unknown([id_])
        return letter, await sending.plan_for(connection, objects, letter)


async def send(settings: Settings, ids: Sequence[int] | None) -> AsyncIterator[tuple[int, "Plan"]]:
    """Send these again, or all there are; raises `Unusable` before anything is done when one of
    them is unknown.
    """
    from safelight.composition import commands
    from safelight.image_app.dead_letters import sending

    async with commands.opened_resources(settings) as resources:
        async with resources.database.reading() as connection:
            wanted = await letters.all_ids(connection) if ids is None else ids
            if unknown := await letters.missing(connection, ids or ()):
                raise _unknown(unknown)
        for id_ in wanted:
            if plan := await sending.send(resources, id_):
                yield id_, plan


async def drop(settings: Settings, ids: Sequence[int]) -> None:
    """Forget these, whole or not at all; raises `Unusable` for an unknown one."""
    async with databases.kept(settings) as database, database.writing() as connection:
        if unknown := await letters.missing(connection, ids):
            raise _unknown(unknown)
        for id_ in ids:
            await letters.remove(connection, id_)


def _unknown(ids: Sequence[int]) -> Unusable:
    named = " ".join(str(id_) for id_ in ids)
    return Unusable(f"no dead letter {named}: `safelight dead-letters list` names them")
