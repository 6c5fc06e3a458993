"""A client that nobody wrote: what the product says of itself is enough to make one."""

import json
import pkgutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from io import BytesIO
from typing import Any

import httpx
import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests import plain_http
from tests.product import Product, wait_for

PACKAGE = "safelight_client"
PASSWORD = "correct horse battery"

Load = Callable[[str], Any]


@pytest.fixture(scope="module")
def load(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """Finds a module of the generated client by its name within the package."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(plain_http.get(f"{product.base_url}/openapi.json").text)
    wishes = ConfigFile(
        post_hooks=[], content_type_overrides={"image/*": "application/octet-stream"}
    )
    config = Config.from_sources(
        wishes, MetaType.NONE, folder / "openapi.json", "utf-8", False, folder / PACKAGE
    )
    complaints = generate(config=config)
    assert [(complaint.header, complaint.detail) for complaint in complaints] == []
    sys.path.insert(0, str(folder))
    try:
        yield lambda name: import_module(f"{PACKAGE}.{name}" if name else PACKAGE)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def test_every_module_of_a_generated_client_can_be_imported(load: Load) -> None:
    package = load("")
    names = [module.name for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")]
    assert len(names) > 40
    for name in names:
        import_module(name)


def test_every_operation_has_a_method_of_its_name(load: Load, product: Product) -> None:
    described = plain_http.get(f"{product.base_url}/openapi.json").json()
    package = load("")
    made = {module.name for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")}
    for operations in described["paths"].values():
        for operation in operations.values():
            [tag] = operation["tags"]
            assert f"{PACKAGE}.api.{tag.replace(' ', '_')}.{operation['operationId']}" in made


def test_a_generated_client_goes_from_sign_up_to_deletion(
    load: Load, product: Product, photograph: bytes
) -> None:
    package, models, types = load(""), load("models"), load("types")
    stranger = package.Client(base_url=product.base_url)
    wanted = models.Registration("generated", "generated@example.com", PASSWORD)
    account = load("api.accounts.register").sync(client=stranger, body=wanted)
    assert account.username == "generated"
    form = models.TokenRequest(
        models.TokenRequestGrantType.PASSWORD, username="generated", password=PASSWORD
    )
    tokens = load("api.accounts.get_token").sync(client=stranger, body=form)
    client = package.AuthenticatedClient(base_url=product.base_url, token=tokens.access_token)
    assert load("api.accounts.get_account").sync(client=client) == account

    file = types.File(BytesIO(photograph), "harbour.jpg", "image/jpeg")
    upload = models.UploadForm(file, tags=["sea", "evening"], presets=["thumb"])
    uploaded = load("api.images.upload_image").sync_detailed(client=client, body=upload)
    image = uploaded.parsed
    assert (image.name, image.tags) == ("harbour.jpg", ["sea", "evening"])
    assert uploaded.headers["location"] == f"/v1/images/{image.id}"

    get = load("api.images.get_image").sync_detailed

    def ready() -> Any:
        found = get(image.id, client=client)
        return found if found.parsed.status == models.ImageStatus.READY else None

    read = wait_for("the image to be ready", ready)
    assert [variant.name for variant in read.parsed.variants] == ["thumb"]
    same = get(image.id, client=client, if_none_match=read.headers["etag"])
    assert same.status_code == httpx.codes.NOT_MODIFIED

    listed = load("api.images.list_images").sync(client=client, limit=10)
    assert [item.id for item in listed.items] == [image.id]

    change = load("api.images.change_image").sync
    patch = models.ImagePatch(name="quay.jpg")
    changed = change(image.id, client=client, body=patch, if_match=read.headers["etag"])
    assert (changed.name, changed.version) == ("quay.jpg", 2)
    stale = change(image.id, client=client, body=patch, if_match=read.headers["etag"])
    assert (stale.type_, stale.status) == ("/problems/version-mismatch", 412)

    banner = models.NewVariant("banner", models.Transformation(width=300, height=80))
    having = load("api.images.add_variant").sync(image.id, client=client, body=banner)
    assert {variant.name for variant in having.variants} == {"thumb", "banner"}
    wait_for("the variant to be ready", ready)
    delivered = load("api.delivered_bytes.deliver").sync(image.id, "banner", client=client)
    assert delivered.payload.read()

    asked = models.LinkRequest(3600, variant="banner")
    link = load("api.images.make_link").sync(image.id, client=client, body=asked)
    assert plain_http.get(f"{product.base_url}{link.url}").status_code == httpx.codes.OK

    gone = load("api.images.delete_image").sync_detailed(image.id, client=client)
    assert gone.status_code == httpx.codes.NO_CONTENT
    assert json.loads(get(image.id, client=client).content)["type"] == "/problems/image-not-found"
