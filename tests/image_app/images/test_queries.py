"""What is asked of the database for answers that many wait for."""

from safelight.image_app.images import queries
from safelight.image_app.resources import Resources
from tests.image_app.given import an_account, an_upload


async def test_a_list_does_not_read_how_each_variant_is_made(
    resources: Resources, photograph: bytes
) -> None:
    image_id = await an_upload(resources, await an_account(resources), photograph)
    async with resources.database.reading() as connection:
        found = await queries.variants_of(connection, [image_id])
    assert len(found[image_id]) == 4
    for row in found[image_id]:
        assert not {"transformation", "replacement"} & set(row._fields)
