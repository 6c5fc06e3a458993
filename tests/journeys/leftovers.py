"""What may not be left."""

from sqlalchemy import select

from safelight.image_app.models import images, outbox
from tests.client import Client
from tests.product import Product, wait_for


def assert_nothing_is_left(place: Product, client: Client) -> None:
    """No row and no object in a product in which nothing else happens. Removes what there is,
    so that one fault is one failure.
    """
    images = client.all_images()
    usage = client.get("/v1/auth/me").json()["usage"]
    for image in images:
        client.delete(f"/v1/images/{image['id']}")
    wait_for("the objects to go", lambda: not place.objects())
    assert images == []
    assert (usage["images"], usage["bytes"]) == (0, 0)
    wait_for("it to be ready", lambda: client.get("/health/ready").status_code == 200)


def stop_when_all_is_done(product: Product) -> None:
    """Every promise is kept and every deleted image erased; then it ends well."""
    promised = select(outbox.c.id)
    deleted = select(images.c.id).where(images.c.deleted_at.is_not(None))
    wait_for("all promises to be kept", lambda: not product.rows(promised))
    wait_for("the deleted to be erased", lambda: not product.rows(deleted))
    assert product.stop() == 0
