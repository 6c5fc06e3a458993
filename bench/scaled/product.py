"""The product in parts, as an installation would start it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.product import serving
from tests.scaled import ScaledProduct, Servers

PARTITIONS = 12
"""As many as the product makes by itself; the tests take fewer."""


@contextmanager
def scaled(servers: Servers, processors: int, **settings: str) -> Iterator[ScaledProduct]:
    """One API and its processors, ready; the settings hold for all of them."""
    with TemporaryDirectory() as folder:
        product = ScaledProduct(Path(folder), servers, processors=processors)
        settings["SAFELIGHT_BROKER_PARTITIONS"] = str(PARTITIONS)
        product.environment |= settings
        product.processor_environment |= settings
        with serving(product):
            yield product
