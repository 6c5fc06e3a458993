"""Real decoder children, and pictures in files without a name."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from safelight.backends.memory_file import memory_file
from safelight.contract.messages import WantedVariant
from safelight.contract.transformations import Transformation
from safelight.image_process_app.decoder.pool import DecoderPool
from safelight.image_process_app.fonts import FONTCONFIG_FILE
from safelight.image_process_app.limits import Limits
from safelight.image_process_app.pipeline import Encoded, Pipeline

# As in a decoder child, and before the first letter is drawn in this process.
os.environ["FONTCONFIG_FILE"] = FONTCONFIG_FILE

Held = Callable[[bytes], int]
Make = Callable[..., Encoded]


@pytest.fixture
def held() -> Iterator[Held]:
    """Puts bytes into a file and gives its descriptor."""
    with ExitStack() as files:

        def hold(content: bytes) -> int:
            fd = files.enter_context(memory_file("test"))
            os.write(fd, content)
            return fd

        yield hold


@pytest.fixture
def make(held: Held) -> Make:
    """Makes one variant of a picture, in this process."""

    def make_variant(
        content: bytes, content_type: str = "image/jpeg", **options: object
    ) -> Encoded:
        wanted = WantedVariant(name="it", transformation=Transformation.model_validate(options))
        pipeline = Pipeline(held(content), content_type, Limits(), [wanted])
        [(_, made)] = pipeline.variants()
        assert isinstance(made, Encoded), made
        return made

    return make_variant


@pytest.fixture(scope="session")
async def pool() -> AsyncIterator[DecoderPool]:
    """Two children for all tests that leave them well."""
    pool = DecoderPool(children=2, deadline=60.0)
    await pool.start()
    yield pool
    await pool.stop()
