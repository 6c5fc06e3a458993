"""What is left of a product's pictures once all of them are deleted: nothing should be."""

from collections.abc import Sequence
from contextlib import suppress

import httpx
from sqlalchemy import func, select

from safelight.image_app.models import dead_letters, images, outbox, renderings, uploads, variants
from tests.client import Client
from tests.product import Product, wait_for

TABLES = (images, variants, renderings, uploads, outbox, dead_letters)


def amiss(product: Product, clients: Sequence[Client]) -> list[str]:
    """Everything that is wrong, in words, with a product that has nothing more to do: before its
    pictures are deleted, and after. Deletes all of them, and stops the product.
    """
    found = [f"still processing: {name}" for client in clients for name in _unfinished(client)]
    found += differences(product)
    for client in clients:
        for image in client.all_images():
            if client.delete(f"/v1/images/{image['id']}").status_code != httpx.codes.NO_CONTENT:
                found.append(f"image {image['id']} can't be deleted")
    with suppress(AssertionError):
        wait_for("everything to go", lambda: not _left(product))
    found += _left(product)
    for client in clients:
        usage = client.get("/v1/auth/me").json()["usage"]
        if usage["images"] or usage["bytes"]:
            found.append(f"usage of {client.username}: {usage}")
    if (code := product.stop()) != 0:
        found.append(f"a part ended with {code}")
    return found + differences(product)


def differences(product: Product) -> list[str]:
    """What `safelight verify` says, when it is not clean."""
    code, words = product.verify()
    return words.splitlines() if code else []


def _left(product: Product) -> list[str]:
    """Every object, and every table that has rows."""
    found = [f"object {key}" for key in product.objects()]
    for table in TABLES:
        [(count,)] = product.rows(select(func.count()).select_from(table))
        if count:
            found.append(f"{count} rows of {table.name}")
    return found


def _unfinished(client: Client) -> list[str]:
    """Names of the images that are not done within a minute."""

    def look() -> bool:
        return all(image["status"] != "processing" for image in client.all_images())

    with suppress(AssertionError):
        wait_for("the queue to empty", look, 0.2)
        return []
    return [image["name"] for image in client.all_images() if image["status"] == "processing"]
