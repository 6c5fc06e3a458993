"""What the API needs from outside: one frozen record, made in `composition`."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from safelight.backends.cache import Cache
from safelight.backends.database import Database
from safelight.backends.objects import Objects
from safelight.backends.rendering import Renderer
from safelight.backends.watch import Watch
from safelight.image_app.account_store import AccountStore
from safelight.image_app.client_address import Proxies
from safelight.image_app.flights import Flights
from safelight.image_app.links import Links
from safelight.image_app.paging import Cursors
from safelight.image_app.passwords import Passwords
from safelight.image_app.rates import Rates
from safelight.image_app.tokens import Tokens
from safelight.image_app.turns import Turns


@dataclass(frozen=True, slots=True)
class Rules:
    """What an upload and an account may be. Bytes, pixels, pictures, jobs; seconds and bytes a
    second of a body.
    """

    file_bytes: int
    side: int
    pixels: int
    quota_bytes: int
    quota_images: int
    queue_limit: int
    body_seconds: float
    body_rate: int


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything a service may use."""

    database: Database
    accounts: AccountStore
    objects: Objects
    renderer: Renderer
    answers: Cache
    passwords: Passwords
    tokens: Tokens
    links: Links
    cursors: Cursors
    rates: Rates
    proxies: Proxies
    rules: Rules
    wake_relay: Callable[[], None]
    checks: Mapping[str, Callable[[], bool]]
    """Whether what else it needs is up, by the name that `/health/ready` gives it."""
    member: int | None = None
    """Which of the processes that share the database this is; None when it is alone."""
    uploading: set[str] = field(default_factory=set)
    """Ids of the images to be that this process is busy with."""
    rendering: set[tuple[str, str]] = field(default_factory=set)
    """Image ids and fingerprints of the renderings that this process is busy with."""
    flights: Flights[tuple[str, str], Any] = field(default_factory=Flights)
    """What this process does once for all who want it at the same moment."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when an account was deleted, so that what it leaves goes at once."""
    turns: Turns = field(default_factory=Turns)
    """Who may send a large body to this process now."""
    watch: Watch = field(default_factory=Watch)
