"""What a fault stands on: the started product, the load on it, and what is known of both."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from sqlalchemy import func, select

from safelight.image_app.models import images, outbox
from tests import plain_http
from tests.commands import Started
from tests.faults.customer import Answers, Customer
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.memory import Peak
from tests.product import Part, Product
from tests.scaled import ScaledProduct, Servers

RECOVERY_SECONDS = 30.0
PATIENCE = 180.0
LOOK_EVERY = 0.2


@dataclass
class Ground:
    """One started product under load, and how a fault gets at its parts."""

    mode: str
    product: Product
    ledger: Ledger
    answers: Answers
    random: random.Random
    minutes_of_overload: float = 5.0
    corpus: Path | None = None
    """Folder of bad files, if there is one."""
    load: Load = field(init=False)
    peak: Peak = field(init=False)
    kills: int = 0
    recoveries: list[float] = field(default_factory=list)
    may_trace: bool = False
    """Whether this fault may leave a traceback in the log."""
    bad_files: Counter[bool] = field(default_factory=Counter)
    """How many were handled as they should be, and how many not."""
    notes: list[str] = field(default_factory=list)
    """What this fault has measured, for its row."""
    _harm_ended: float | None = None
    _customers: list[Customer] = field(default_factory=list)

    @property
    def scaled(self) -> ScaledProduct:
        """The product, where it is known to be in parts."""
        assert isinstance(self.product, ScaledProduct)
        return self.product

    @property
    def servers(self) -> Servers:
        return self.scaled.servers

    @property
    def apis(self) -> list[Part]:
        return self.scaled.apis if isinstance(self.product, ScaledProduct) else self.product.parts

    @property
    def processors(self) -> list[Part]:
        if isinstance(self.product, ScaledProduct):
            return self.product.processors
        return self.product.parts

    def decoders(self) -> list[psutil.Process]:
        """The processes that open pictures, in this moment."""
        found = []
        for part in self.processors:
            with suppress(psutil.Error):
                found += part.children()
        return found

    def client(self) -> Customer:
        """Somebody with an account of the fault's own. What is promised to it is checked too."""
        customer = Customer(self.product, self.ledger, self.answers)
        customer.sign_up()
        self._customers.append(customer)
        return customer

    def customers(self) -> list[Customer]:
        return [*self._customers]

    def promise_more(self, count: int) -> None:
        """Wait until the load was promised so many more pictures."""
        enough = len(self.ledger) + count

        self.until(f"{count} more promises", lambda: len(self.ledger) >= enough)

    def wait_a_moment(self, most: float = 0.3) -> None:
        """Random, so that the harm comes at any point of what is under way."""
        time.sleep(self.random.uniform(0, most))

    def kill(self, process: Part | psutil.Process, number: signal.Signals) -> None:
        """Send a signal that ends it, at once or at its deadline, to this process alone."""
        self.kills += 1
        self.harm_ends()
        found = process.process if isinstance(process, Part) else process
        with suppress(psutil.NoSuchProcess):
            found.send_signal(number)

    def harm_ends(self) -> None:
        """From now on it recovers; without this word, once `recover` is called."""
        self._harm_ended = time.monotonic()

    def recover(self) -> None:
        """Wait until every part is ready; AssertionError when that takes too long. It is called
        after each `inject`, and by those that go on when the harm is over.
        """
        began = self._harm_ended or time.monotonic()
        self._harm_ended = None
        while True:
            is_ready = self._is_ready()
            waited = time.monotonic() - began
            assert waited < RECOVERY_SECONDS, f"not well again {waited:.0f} s after the fault"
            if is_ready:
                self.recoveries.append(waited)
                return
            time.sleep(LOOK_EVERY)

    def settle(self) -> None:
        """Wait until nothing is processing and no message is promised."""
        self.until(
            "everything to be processed",
            lambda: not self.count_processing() and not self.count_promised(),
        )

    def count_processing(self) -> int:
        """Images that are not done yet."""
        query = select(func.count()).select_from(images)
        waiting = images.c.status == "processing", images.c.deleted_at.is_(None)
        return int(self.product.rows(query.where(*waiting))[0][0])

    def count_promised(self) -> int:
        """Messages that are not delivered yet."""
        return int(self.product.rows(select(func.count()).select_from(outbox))[0][0])

    def begin(self) -> None:
        """Forget what the last fault has left behind here."""
        self.kills, self.recoveries, self.may_trace = 0, [], False
        self.notes = []
        self._harm_ended = None
        self.answers.forget()

    def log_since(self, offset: int) -> str:
        with self.product.log.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")

    def log_size(self) -> int:
        return self.product.log.stat().st_size

    @contextmanager
    def restarted(self, **settings: str) -> Iterator[None]:
        """The same product with other settings, until the block ends; the load goes on."""
        environments = [self.product.environment]
        if isinstance(self.product, ScaledProduct):
            environments.append(self.product.processor_environment)
        before = [dict(environment) for environment in environments]
        assert self.product.stop() == 0
        for environment in environments:
            environment.update(settings)
        try:
            self.product.start()
            yield
            assert self.product.stop() == 0
        finally:
            self.product.end()
            for environment, was in zip(environments, before, strict=True):
                environment.clear()
                environment.update(was)
            self.product.start()

    @contextmanager
    def starting_anew(self) -> Iterator[None]:
        """Whatever starts meanwhile is started as its users start it: what Python itself is told it
        reads at a start alone.
        """
        before = self.product.begin
        self.product.begin = Started
        try:
            yield
        finally:
            self.product.begin = before

    def mend(self) -> None:
        """Start everything anew after a fault that was not survived."""
        if isinstance(self.product, ScaledProduct):
            for server in self.servers.all():
                server.ensure()
        self.product.end()
        self.product.start()

    def until(self, what: str, look: Callable[[], object], pause: float = LOOK_EVERY) -> None:
        """Wait for something, as long as a busy machine may take; then AssertionError."""
        deadline = time.monotonic() + PATIENCE
        while not look():
            self.load.raise_for_crashes()
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(pause)

    def _is_ready(self) -> bool:
        """A part that has ended is not, rather than a reason to give up at once."""
        for part in self.product.parts:
            if part.process.poll() is not None:
                return False
            try:
                answer = plain_http.get(f"{part.base_url}/health/ready", timeout=10)
            except httpx.TransportError:
                return False
            if not answer.is_success:
                return False
        return True
