"""The keys that sign tokens: made, read from their files, followed as these change, rotated."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from safelight.backends import keyfiles
from safelight.backends.keyring import CheckingKey, Keyring
from safelight.backends.rotation import rotate as rotate_files
from safelight.backends.unusable import Unusable
from safelight.image_app.tokens import LEEWAY, LIFETIME, Tokens
from safelight.settings import Settings

LOOK_SECONDS = 1.0
TAKEN = LIFETIME + 2 * LEEWAY
"""How long a key is taken after the last token that it signs: once for the clocks, once for whoever
reads the files late.
"""

log = structlog.get_logger()


def make_certs(settings: Settings) -> bool:
    """The keys that sign tokens and the secret that signs links; whether the keys were made."""
    made = keyfiles.make_keys(*_files(settings))
    if not settings.link_secret:
        keyfiles.link_secret(settings.resolved_link_secret())
    return made


def tokens(settings: Settings) -> Tokens:
    return Tokens(keyring(settings))


def keyring(settings: Settings) -> Keyring:
    """What is in the files now; raises `Unusable`."""
    return keyfiles.read_keyring(*_files(settings))


async def follow(settings: Settings, tokens: Tokens) -> None:
    """Have the tokens signed and checked by what the files say, until cancelled. What can't be used
    is told once, and what was read before stays.
    """
    known: object = None
    while True:
        state = await asyncio.to_thread(_state, settings)
        if state != known:
            try:
                ring = await asyncio.to_thread(keyring, settings)
            except (OSError, Unusable) as error:
                log.warning("the keys that sign tokens stay as they were", reason=str(error))
            else:
                tokens.renew(ring)
                if known is not None:
                    kids = [key.kid for key in ring.checking]
                    log.info("the keys that sign tokens have changed", signs=kids[0], taken=kids)
            known = state
        await asyncio.sleep(LOOK_SECONDS)


def rotate(
    settings: Settings, wait: float, stolen: bool, tell: Callable[[CheckingKey], None]
) -> tuple[CheckingKey, ...]:
    """All keys that are taken once the new one signs, that one first; `tell` hears of it when it is
    published, so many seconds before. What stolen ones have signed ends then. Raises `Unusable`.
    """

    def until_known(new: CheckingKey) -> None:
        tell(new)
        time.sleep(wait)

    live = timedelta(seconds=wait) + (timedelta() if stolen else TAKEN)
    return rotate_files(*_files(settings), live, until_known)


def taken(settings: Settings) -> list[CheckingKey]:
    """Whose tokens are taken now, the key that signs first."""
    now = datetime.now(UTC)
    return [key for key in keyring(settings).checking if key.until is None or now < key.until]


def _files(settings: Settings) -> tuple[Path, Path]:
    return settings.resolved_private_key(), settings.resolved_public_key()


def _state(settings: Settings) -> tuple[tuple[int, int, int] | None, ...]:
    """Differs once one of the files was replaced or written to."""
    return tuple(_stat(path) for path in _files(settings))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
