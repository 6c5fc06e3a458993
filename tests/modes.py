"""The product in either of its modes, with what it stands on, outside of pytest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.product import Product, running, serving
from tests.scaled import ScaledProduct, servers_of_its_own
from tests.servers import chosen_broker

MODES = ("embedded", "scaled")


@contextmanager
def started(mode: str, **settings: str) -> Iterator[Product]:
    """A product that runs, with servers of its own where it needs any; forgotten in the end."""
    if mode == "embedded":
        with running(**settings) as product:
            yield product
        return
    with (
        TemporaryDirectory() as folder,
        servers_of_its_own(Path(folder), chosen_broker()) as servers,
        serving(ScaledProduct(Path(folder), servers, 1, 1, **settings)) as product,
    ):
        yield product
