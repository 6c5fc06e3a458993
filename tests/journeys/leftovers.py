"""What a refused upload may not leave."""

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
    assert client.get("/health/ready").status_code == 200
