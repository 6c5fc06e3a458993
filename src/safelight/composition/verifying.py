"""`safelight verify`, with its settings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from safelight.backends.unusable import Unusable
from safelight.composition import databases, places
from safelight.contract.messages import JOBS, PROCESSOR, Message
from safelight.image_app import verification
from safelight.settings import Settings

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """How much there is and differs; `mended` is None where nothing was to be mended."""

    images: int
    promises: int
    found: int
    mendable: int
    mended: int | None = None

    def summary(self) -> str:
        line = f"{self.images} images, {self.promises} promises, {self.found} differences"
        if self.mended is None:
            hint = f"{self.mendable} can be mended: `safelight verify --repair`"
            return f"{line}\n{hint}" if self.mendable else line
        if self.mended:
            line += (
                f", {self.mended} of them mended\nNow start the product, which keeps what is "
                "promised; then verify again."
            )
        return line

    def exit_code(self) -> int:
        """0 when nothing differs that is left as it was."""
        return 1 if self.found > (self.mended or 0) else 0


async def verify(settings: Settings, tell: Tell, repair: bool, deep: bool) -> Verified:
    """Tell every difference and, to `repair`, what was done about it."""
    databases.require_folder(settings)
    waiting = await _waiting(settings) if settings.broker_url else []
    if repair:
        with _standing_still(settings):
            return await _repair(settings, tell, waiting, deep)
    objects, found, mendable = places.objects(settings), 0, 0
    async with databases.kept(settings) as database:
        async for difference in verification.differences(database, objects, waiting, deep):
            tell(str(difference))
            if difference.remedy:
                tell(f"  to do: {difference.remedy}")
            found, mendable = found + 1, mendable + (not difference.remedy)
        return Verified(*await verification.counts(database), found, mendable)


async def _repair(settings: Settings, tell: Tell, waiting: list[Message], deep: bool) -> Verified:
    # Only here, since they load all that services use.
    from safelight.composition import commands
    from safelight.image_app.verification.repair import repair as repaired

    found = mended = 0
    async with commands.opened_resources(settings) as resources:
        if others := await resources.database.members():
            raise Unusable(f"{others} `safelight api` are at work: stop them before a repair")
        if not settings.broker_url:
            await resources.objects.sweep_staging()
        async for difference, done in repaired(resources, waiting, deep):
            tell(str(difference))
            tell(f"  {done}" if done else f"  to do: {difference.remedy or 'verify again'}")
            found, mended = found + 1, mended + bool(done)
        counts = await verification.counts(resources.database)
    return Verified(*counts, found, found - mended, mended)


@contextmanager
def _standing_still(settings: Settings) -> Iterator[None]:
    """Nobody starts an embedded product meanwhile."""
    if settings.broker_url:
        yield
        return
    with places.alone(settings.data_dir):
        yield


async def _waiting(settings: Settings) -> list[Message]:
    """Promises that are at the broker."""
    # Only here, since an embedded product never loads a broker's library.
    from safelight.composition.broker import waiting
    from safelight.image_app.subscriptions import LISTENING

    return await waiting(settings, [(JOBS, PROCESSOR), *LISTENING])
