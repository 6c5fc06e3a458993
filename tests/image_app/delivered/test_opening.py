"""What goes out of an object that is replaced a moment before its row tells of it."""

import pytest

from safelight.backends.objects import Objects
from safelight.image_app.delivered.service import Deliverable, opened
from safelight.image_app.errors import Problem
from tests.backends.given import content, in_chunks

KEY = "variants/a/b/c"
ROW = Deliverable(key=KEY, size=1000, content_type="image/webp", name="work-original", headers={})


async def sent(objects: Objects, size: int, wanted: str | None = None) -> tuple[str, bytes]:
    """Etag and bytes of what goes out when the object has this size."""
    await objects.put(KEY, in_chunks(content(size)))
    answer = await opened(objects, ROW, wanted, None)
    body = b"".join([chunk async for chunk in answer.chunks])
    assert len(body) == len(answer.part or range(answer.found.size))
    return answer.found.etag, body


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 5000])
async def test_the_whole_object_goes_out_whatever_its_row_says(objects: Objects, size: int) -> None:
    assert await sent(objects, size) == (f'"work-original-{size}"', content(size))


@pytest.mark.parametrize("size", [999, 1000, 1001])
@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=-10", "bytes=0-4999", "bytes=5-9"])
async def test_a_range_is_of_the_object_that_is_there(
    objects: Objects, size: int, wanted: str
) -> None:
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    whole = content(size)
    part = whole[int(first) : int(last or size) + 1] if first else whole[-int(last) :]
    assert await sent(objects, size, wanted) == (f'"work-original-{size}"', part)


async def test_a_range_behind_the_end_of_its_row_is_refused(objects: Objects) -> None:
    with pytest.raises(Problem, match="1000 bytes"):
        await sent(objects, 1000, "bytes=1000-")
