"""What is shown of rows is what the schemas say, no more and no less."""

from typing import Any

from safelight.image_app.images import service
from safelight.image_app.images.schemas import Fault, Image, ImageList, ListParameters, Variant
from tests.image_app.waiting import Waiting


async def shown(waiting: Waiting) -> list[bytes]:
    """The image by itself, and the page that it is on."""
    resources, account_id = waiting.resources, waiting.account_id
    image = await service.get_image(resources, account_id, waiting.image_id)
    page = await service.list_images(resources, account_id, ListParameters(), b"", str)
    return [image.body, page.body]


def assert_whole(image: Image, told: dict[str, Any]) -> None:
    assert told.keys() == Image.model_fields.keys()
    assert image.variants
    for variant in told["variants"]:
        assert variant.keys() == Variant.model_fields.keys()
        assert variant["error"] is None or variant["error"].keys() == Fault.model_fields.keys()


async def test_an_image_and_a_page_are_as_their_schemas_have_them(waiting: Waiting) -> None:
    names = [variant.name for variant in waiting.job.variants]
    await waiting.answer(waiting.job, failed=names[:1])
    alone, listed = await shown(waiting)
    image = Image.model_validate_json(alone)
    [same] = ImageList.model_validate_json(listed).items
    assert same == image
    assert {variant.status for variant in image.variants} == {"ready", "failed"}
    assert_whole(image, image.model_dump())
    assert image.to_json() == alone, "the same text as the schema would give"


async def test_so_is_a_picture_that_was_rejected(waiting: Waiting) -> None:
    await waiting.tell(waiting.rejected())
    alone, _ = await shown(waiting)
    image = Image.model_validate_json(alone)
    assert image.status == "failed"
    assert image.error is not None
    assert image.to_json() == alone
