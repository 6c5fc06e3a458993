"""Processes that are killed while they work."""

import signal

import psutil
from sqlalchemy import Integer, Select, literal_column, select, text

from tests.faults.fault import BOTH, EMBEDDED, SCALED, Fault
from tests.faults.ground import Ground
from tests.product import Part

LEADER: Select[int, int] = (
    select(literal_column("client_port", Integer), literal_column("inet_server_port()", Integer))
    .select_from(text("pg_locks JOIN pg_stat_activity USING (pid)"))
    .where(
        text("locktype = 'advisory' AND classid = 1 AND objid = 0 AND granted"),
        text("datname = current_database()"),
    )
)
"""The port from which the leading API speaks with PostgreSQL, and that of PostgreSQL."""


def kill_everything(ground: Ground) -> None:
    """The one process of the embedded product. Its decoders end by themselves."""
    [part] = ground.product.parts
    orphans = ground.decoders()
    ground.kill(part, signal.SIGKILL)
    part.wait()
    ground.until("the decoders to end", lambda: not any(map(_lives, orphans)))
    ground.product.start()


def kill_an_api(ground: Ground) -> None:
    _kill_and_revive(ground, ground.random.randrange(len(ground.apis)))


def kill_the_relay(ground: Ground) -> None:
    """The API that delivers for all of them; another one has to take over."""
    found: list[int] = []

    def is_known() -> bool:
        found[:] = [
            number
            for ports in ground.product.rows(LEADER)
            for number, api in enumerate(ground.apis)
            if _speaks(api, *ports)
        ]
        return len(found) == 1

    ground.until("one to lead", is_known)
    _kill_and_revive(ground, found[0])


def kill_a_processor(ground: Ground) -> None:
    ground.kill(ground.scaled.processors[0], signal.SIGKILL)
    ground.scaled.kill_processor()
    ground.scaled.add_processor()


def kill_a_decoder(ground: Ground) -> None:
    end_a_decoder(ground, signal.SIGKILL)


def end_a_decoder(ground: Ground, number: signal.Signals) -> None:
    """One of them, at a random moment; returns once another is in its place."""
    before = ground.decoders()
    victim = ground.random.choice(before)
    ground.kill(victim, number)
    ground.until(
        "another decoder",
        lambda: not _lives(victim) and len(ground.decoders()) >= len(before),
    )


def _kill_and_revive(ground: Ground, number: int) -> None:
    api = ground.apis[number]
    ground.kill(api, signal.SIGKILL)
    api.wait()
    ground.scaled.revive_api(number)
    ground.product.base_url = ground.apis[0].base_url


def _speaks(part: Part, here: int, there: int) -> bool:
    """Whether it has this connection. The port here may be that of others to elsewhere as well."""
    connections = psutil.Process(part.process.pid).net_connections("tcp")
    return any((c.laddr.port, getattr(c.raddr, "port", None)) == (here, there) for c in connections)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


FAULTS = [
    Fault("the product is killed", EMBEDDED, kill_everything, times=6),
    Fault("an API is killed", SCALED, kill_an_api, times=5, needs="kafka"),
    Fault("the API that relays is killed", SCALED, kill_the_relay, times=5, needs="kafka"),
    Fault("a processor is killed", SCALED, kill_a_processor, times=6, needs="kafka"),
    Fault("a decoder is killed", BOTH, kill_a_decoder, times=10),
]
