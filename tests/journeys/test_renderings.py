"""Any transformation by its address: made when it is first asked for, once, and kept."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, assert_safe, wrong_fields
from tests.product import Product

AT_ONCE = 100
NOBODY = "00000000-0000-7000-8000-000000000000"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
OLD = "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
WEBP = "image/webp,*/*"

Json = dict[str, Any]
Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def own(stocked: Callable[..., Product]) -> Product:
    """A product without a limit that these stories would meet."""
    return stocked(SAFELIGHT_LIMIT_RENDER="1000/second")


@pytest.fixture(scope="module")
def eve(own: Product) -> Iterator[Client]:
    with Client(own.base_url) as client:
        yield client.sign_up()


@pytest.fixture(scope="module")
def image(eve: Client) -> Json:
    return eve.upload_and_wait(pictures.jpeg((1200, 800)))


@pytest.fixture
def get(eve: Client, image: Json) -> Get:
    """Asks for a transformation of the image, with the owner's token."""

    def get(what: str, accept: str = "*/*", **options: Any) -> httpx.Response:
        headers = {"Accept": accept, **options.pop("headers", {})}
        return eve.get(f"/i/{image['id']}/{what}", headers=headers, **options)

    return get


def rendered(product: Product, image_id: str) -> int:
    """How many pictures were rendered of an image, as the log tells."""
    lines = (json.loads(line) for line in product.log.read_text().splitlines() if line[:1] == "{")
    return sum(line["event"] == "rendered" and line["image_id"] == image_id for line in lines)


def test_a_picture_is_made_as_asked_and_its_bytes_are_safe_to_show(get: Get) -> None:
    answer = get("width=300,height=100,fit=cover,format=webp")
    assert answer.status_code == 200
    assert_safe(answer)
    picture = pictures.opened(answer.content)
    assert (picture.format, picture.size) == ("WEBP", (300, 100))
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-disposition"] == "inline"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert answer.headers["ratelimit-policy"] == '"render";q=1000;w=1'
    assert answer.headers["ratelimit"].startswith('"render";r=')
    assert "vary" not in answer.headers


def test_the_second_time_it_is_found(own: Product, image: Json, get: Get) -> None:
    first = get("width=301,format=webp")
    made = rendered(own, image["id"])
    for what in ("width=301,format=webp", "f=webp,w=301", "format=webp,width=301,fit=scale-down"):
        again = get(what)
        assert again.content == first.content
        assert again.headers["etag"] == first.headers["etag"]
        assert "ratelimit" not in again.headers
    assert rendered(own, image["id"]) == made


def test_what_a_preset_has_made_is_found_too(own: Product, image: Json, get: Get) -> None:
    made = rendered(own, image["id"])
    thumb = get("thumb")
    for what in ("p=thumb", "w=100,h=100,fit=cover,g=attention,f=webp"):
        assert get(what).content == thumb.content
    assert rendered(own, image["id"]) == made


async def test_a_hundred_equal_requests_at_once_are_one_job(
    own: Product, eve: Client, image: Json
) -> None:
    before = rendered(own, image["id"])
    limits = httpx.Limits(max_connections=AT_ONCE)
    headers = {"Authorization": eve.headers["Authorization"]}
    async with httpx.AsyncClient(
        base_url=own.base_url, limits=limits, headers=headers, timeout=60
    ) as client:
        path = f"/i/{image['id']}/width=333,format=webp"
        answers = await asyncio.gather(*(client.get(path) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert rendered(own, image["id"]) == before + 1


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (CHROME, "avif"),
        (WEBP, "webp"),
        ("image/avif;q=0,image/webp", "webp"),
        (OLD, "jpeg"),
        ("image/avif;q=0, image/webp;q=0", "jpeg"),
    ],
)
def test_a_client_gets_the_best_format_that_it_takes(get: Get, accept: str, form: str) -> None:
    for what in ("width=200,format=auto", "width=200"):
        answer = get(what, accept)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"image/{form}"
        assert answer.headers["vary"] == "Accept"
        assert pictures.opened(answer.content).format == form.upper()
        same = {"If-None-Match": answer.headers["etag"]}
        assert get(what, accept, headers=same).headers["vary"] == "Accept"
        beyond = get(what, accept, headers={"Range": "bytes=9999999-"})
        assert_problem(beyond, 416, "range-not-satisfiable")
        assert beyond.headers["vary"] == "Accept"
        by_name = get(f"width=200,format={form}")
        assert by_name.content == answer.content
        assert "vary" not in by_name.headers


def test_transparency_is_kept_for_every_client(eve: Client) -> None:
    image = eve.upload_and_wait(pictures.alpha_png())
    for accept, form in ((CHROME, "avif"), (WEBP, "webp"), (OLD, "png")):
        answer = eve.get(f"/i/{image['id']}/width=64", headers={"Accept": accept})
        assert answer.headers["content-type"] == f"image/{form}"
        assert pictures.opened(answer.content).mode in ("RGBA", "LA")


def test_a_film_is_kept_for_every_client(eve: Client) -> None:
    image = eve.upload_and_wait(pictures.animation("GIF"))
    for accept, form in ((CHROME, "webp"), (WEBP, "webp"), (OLD, "gif")):
        answer = eve.get(f"/i/{image['id']}/width=64", headers={"Accept": accept})
        assert answer.headers["content-type"] == f"image/{form}"
        assert len(pictures.delays(answer.content)) == len(pictures.DELAYS)
    still = eve.get(f"/i/{image['id']}/width=64,animated=false", headers={"Accept": CHROME})
    assert still.headers["content-type"] == "image/avif"


def test_a_picture_need_not_be_processed_before(eve: Client) -> None:
    image = eve.upload(pictures.jpeg(number=7))
    answer = eve.get(f"/i/{image['id']}/width=32,format=webp")
    assert pictures.opened(answer.content).size[0] == 32
    eve.processed(image["id"])


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ("width=0", "width"),
        ("w=8193", "width"),
        ("width=wide", "width"),
        ("sepia=1", "sepia"),
        ("fit=fill", "fit"),
        ("width=1,w=2", "width"),
        ("width=8192,height=8192,fit=cover", "fit"),
        ("crop=0:0:600:600,width=8000,fit=contain", "width"),
        ("crop=1200:0:10:10", "crop"),
        ("crop=0:0:600:700,pad=4096", "pad"),
        ("watermark=me", "watermark"),
        ("preset=nothing", "preset"),
        ("p=", "preset"),
        ("p=%00", "preset"),
        ("p=small,quality=0", "quality"),
        ("~not-made-here", "transformation"),
        ("~", "transformation"),
        ("=", "transformation"),
        ("width=1" + "0" * 2000, "transformation"),
    ],
)
def test_a_refusal_names_the_option(get: Get, what: str, field: str) -> None:
    assert wrong_fields(get(what)) == {field}


def test_a_watermark_in_an_address_is_refused_with_a_hint(get: Get) -> None:
    [error] = get("width=100,watermark=me").json()["errors"]
    assert "preset" in error["message"]
    assert "link" in error["message"]


def test_an_own_preset_can_be_built_upon(eve: Client, get: Get) -> None:
    transformation = {"width": 90, "height": 90, "fit": "cover", "format": "webp"}
    made = eve.put("/v1/presets/square", json={"transformation": transformation})
    assert made.status_code == 201, made.text
    assert pictures.opened(get("p=square").content).size == (90, 90)
    assert pictures.opened(get("p=square,width=45").content).size == (45, 90)
    assert eve.delete("/v1/presets/square").status_code == 204
    assert wrong_fields(get("p=square")) == {"preset"}


def test_what_an_own_preset_has_made_of_a_public_image_is_for_anyone(
    own: Product, eve: Client
) -> None:
    transformation = {"width": 80, "format": "webp"}
    eve.put("/v1/presets/card", json={"transformation": transformation, "on_upload": False})
    image = eve.upload_and_wait(pictures.jpeg(number=11), visibility="public", presets="card")
    adhoc = {"name": "mine", "transformation": {"width": 81}}
    assert eve.post(f"/v1/images/{image['id']}/variants", json=adhoc).status_code == 202
    eve.processed(image["id"])
    with Client(own.base_url) as nobody:
        answer = nobody.get(f"/i/{image['id']}/card")
        assert pictures.opened(answer.content).size[0] == 80
        assert answer.headers["cache-control"] == "public, max-age=60"
        for what in ("mine", "width=80,format=webp", "p=card", "original"):
            assert_problem(nobody.get(f"/i/{image['id']}/{what}"), 401, "unauthenticated")
        assert eve.get(f"/i/{image['id']}/mine").status_code == 200
        eve.patch(f"/v1/images/{image['id']}", json={"visibility": "private"})
        assert_problem(nobody.get(f"/i/{image['id']}/card"), 401, "unauthenticated")


def test_head_ranges_and_what_is_there_already(eve: Client, image: Json, get: Get) -> None:
    path = f"/i/{image['id']}/width=150,format=webp"
    told = eve.head(path)
    assert (told.status_code, told.content) == (200, b"")
    sent = eve.get(path)
    volatile = ("date", "x-request-id", "ratelimit", "ratelimit-policy")
    assert {n: v for n, v in told.headers.items() if n not in volatile} == {
        n: v for n, v in sent.headers.items() if n not in volatile
    }
    part = eve.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, sent.content[10:20])
    same = eve.get(path, headers={"If-None-Match": sent.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_what_is_refused_is_refused_in_order(
    own: Product, eve: Client, image: Json, tmp_path: Path
) -> None:
    whats = ("width=300", "width=0", "~nonsense", "p=nothing")
    public = eve.upload_and_wait(pictures.jpeg(number=8), visibility="public")
    with Client(own.base_url) as nobody, Client(own.base_url) as bob:
        bob.sign_up()
        for what in whats:
            for image_id in (image["id"], public["id"], NOBODY, "no-id"):
                path = f"/i/{image_id}/{what}"
                assert_problem(nobody.get(path), 401, "unauthenticated")
                assert_problem(bob.get(path), 404, "image-not-found")
                assert_problem(nobody.get(f"{path}?signature=x"), 403, "bad-signature")
                assert_problem(nobody.get(f"{path}?expires=1&signature=x"), 403, "bad-signature")
                forged = f"{path}?expires=9999999999&signature=x"
                assert_problem(bob.get(forged), 403, "bad-signature")
        assert nobody.get(f"/i/{public['id']}/thumb").status_code == 200
    made = rendered(own, image["id"])
    unknown = eve.get(f"/i/{image['id']}/width=31", params={"size": "1"})
    assert wrong_fields(unknown) == {"size"}
    assert rendered(own, image["id"]) == made


def test_a_picture_that_can_not_be_opened_says_so(eve: Client) -> None:
    content = pictures.jpeg((640, 480))
    image = eve.processed(eve.upload(content[: len(content) // 3])["id"])
    assert image["status"] == "failed"
    answer = eve.get(f"/i/{image['id']}/width=0")
    assert_problem(answer, 404, "variant-failed")
    assert answer.json()["detail"] == image["error"]["detail"]


def test_the_documentation_tells_how_it_may_be_refused(eve: Client) -> None:
    operations = eve.get("/openapi.json").json()["paths"]["/i/{image_id}/{what}"]
    for operation in operations.values():
        told = {status: r["description"] for status, r in operation["responses"].items()}
        assert "`too-many-requests`" in told["429"]
        assert "`queue-full`" in told["503"]
        assert told["507"] == "`insufficient-storage`"
        [what] = [p for p in operation["parameters"] if p["name"] == "what"]
        assert "format=auto" in what["description"]
        assert "304" in told
    assert ("416" in operations["get"]["responses"], "416" in operations["head"]["responses"]) == (
        True,
        False,
    )
    assert {"Vary", "RateLimit"} <= set(operations["get"]["responses"]["200"]["headers"])


def test_what_is_rendered_goes_with_the_image(own: Product, eve: Client) -> None:
    image = eve.upload_and_wait(pictures.jpeg(number=9))
    assert eve.get(f"/i/{image['id']}/width=20,format=webp").status_code == 200
    assert eve.delete(f"/v1/images/{image['id']}").status_code == 204
    assert_problem(eve.get(f"/i/{image['id']}/width=20,format=webp"), 404, "image-not-found")
