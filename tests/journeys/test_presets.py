"""Presets of one's own: made, changed, used by uploads, deleted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from safelight.contract.presets import BUILT_IN
from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, wrong_fields

Json = dict[str, Any]
SQUARE: Json = {"width": 40, "height": 40, "fit": "cover", "format": "jpeg"}


def put(client: Client, name: str, transformation: Json, **more: Any) -> httpx.Response:
    return client.put(f"/v1/presets/{name}", json={"transformation": transformation} | more)


def sides(content: bytes) -> tuple[int, int]:
    size: tuple[int, int] = pictures.opened(content).size
    return size


def test_a_preset_is_made_changed_used_and_deleted(ann: Client) -> None:
    made = put(ann, "square", SQUARE)
    assert made.status_code == 201, made.text
    preset = {
        "name": "square",
        "transformation": SQUARE,
        "on_upload": True,
        "built_in": False,
        "version": 1,
    }
    assert made.json() == preset
    same = put(ann, "square", SQUARE | {"gravity": "center"})
    assert (same.status_code, same.json()) == (200, preset)
    first = ann.upload_and_wait(pictures.jpeg())
    assert [v["name"] for v in first["variants"]] == [*BUILT_IN, "square"]
    assert sides(ann.variant(first, "square")) == (40, 40)

    changed = put(ann, "square", SQUARE | {"width": 60, "height": 60}, on_upload=False)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert sides(ann.variant(ann.image(first["id"]), "square")) == (40, 40)
    second = ann.upload_and_wait(pictures.jpeg(number=1))
    assert [v["name"] for v in second["variants"]] == list(BUILT_IN)
    third = ann.upload_and_wait(pictures.jpeg(number=2), presets=["square", "thumb"])
    assert [v["name"] for v in third["variants"]] == ["thumb", "square"]
    assert sides(ann.variant(third, "square")) == (60, 60)

    listed = ann.get("/v1/presets").json()["items"]
    assert [(p["name"], p["built_in"]) for p in listed] == [
        *((name, True) for name in BUILT_IN),
        ("square", False),
    ]
    gone = ann.delete("/v1/presets/square")
    assert (gone.status_code, gone.content) == (204, b"")
    assert_problem(ann.delete("/v1/presets/square"), 404, "preset-not-found")
    assert_problem(ann.offer(pictures.jpeg(), presets="square"), 422, "unknown-preset")
    assert sides(ann.variant(ann.image(first["id"]), "square")) == (40, 40)


def test_another_s_presets_do_not_exist(ann: Client, bob: Client) -> None:
    put(ann, "mine", SQUARE)
    assert [p["name"] for p in bob.get("/v1/presets").json()["items"]] == list(BUILT_IN)
    assert_problem(bob.delete("/v1/presets/mine"), 404, "preset-not-found")
    assert_problem(bob.offer(pictures.jpeg(), presets="mine"), 422, "unknown-preset")
    assert put(bob, "mine", {"width": 9}).status_code == 201
    assert ann.get("/v1/presets").json()["items"][-1]["transformation"] == SQUARE


@pytest.mark.parametrize("name", ["thumb", "small", "preview", "grayscale"])
def test_built_in_presets_are_read_only_whatever_the_body(ann: Client, name: str) -> None:
    assert_problem(put(ann, name, SQUARE), 409, "preset-is-built-in")
    assert_problem(ann.put(f"/v1/presets/{name}", content=b"{"), 409, "preset-is-built-in")
    assert_problem(ann.delete(f"/v1/presets/{name}"), 409, "preset-is-built-in")


@pytest.mark.parametrize("name", ["original", "Own", "a_b", "a.b", "a" * 33, "a%20b", "%00", "é"])
def test_a_name_that_no_preset_can_have_is_refused_before_the_body(ann: Client, name: str) -> None:
    assert wrong_fields(ann.put(f"/v1/presets/{name}", content=b"{")) == {"name"}
    assert_problem(ann.delete(f"/v1/presets/{name}"), 404, "preset-not-found")


@pytest.mark.parametrize(
    ("transformation", "field", "words"),
    [
        ({"width": 0}, "width", "must be a whole number from 1 to 8192 pixels"),
        ({"width": "40"}, "width", "must be a whole number from 1 to 8192 pixels"),
        ({"height": 8193}, "height", "must be a whole number from 1 to 8192 pixels"),
        ({"dpr": 0.4}, "dpr", "must be a number from 0.5 to 4"),
        ({"fit": "fill"}, "fit", "cover"),
        ({"fit": "stretch"}, "fit", "scale-down, contain, cover"),
        ({"gravity": [0.3, 1.7]}, "gravity", "from 0 to 1"),
        ({"crop": [0, 0, 0, 10]}, "crop", "above 0"),
        ({"crop": [0, 0]}, "crop", "[x, y, width, height]"),
        ({"trim": 256}, "trim", "from 1 to 255"),
        ({"rotate": 361}, "rotate", "from -360 to 360"),
        ({"blur": 0}, "blur", "from 0.3 to 250"),
        ({"pad": [1, 2, 3, 4, 5]}, "pad", "one to four"),
        ({"tint": "reddish"}, "tint", "CSS name"),
        ({"format": "bmp"}, "format", "jpeg, png, webp"),
        ({"quality": 101}, "quality", "from 1 to 100"),
        ({"max_bytes": 5}, "max_bytes", "from 1024 to"),
        ({"watermark": {}}, "watermark", "either image_id or text"),
        ({"watermark": {"text": "a\nb"}}, "watermark.text", "one line"),
        ({"watermark": {"text": "a", "scale": 2}}, "watermark.scale", "from 0.01 to 1"),
        ({"watermark": {"image_id": "x"}}, "watermark.image_id", "id of an image"),
        ({"colour": "red"}, "colour", "not known"),
    ],
)
def test_what_is_out_of_range_is_refused_by_option_and_range(
    ann: Client, transformation: Json, field: str, words: str
) -> None:
    answer = put(ann, "wrong", transformation)
    assert wrong_fields(answer) == {f"transformation.{field}"}
    [fault] = answer.json()["errors"]
    assert words in fault["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed-json"),
        (b"", "malformed-json"),
        (b"[]", "validation-failed"),
        (b"null", "validation-failed"),
        (b"{}", "validation-failed"),
        (b'{"transformation": null}', "validation-failed"),
        (b'{"transformation": []}', "validation-failed"),
        (b'{"transformation": {}, "on_upload": 1}', "validation-failed"),
        (b'{"transformation": {}, "version": 7}', "validation-failed"),
        (b'{"transformation": {"width": NaN}}', "malformed-json"),
        (b'{"transformation": {"width": 1e999}}', "malformed-json"),
        (b'{"transformation": {"watermark": {"text": "\\u0000"}}}', "validation-failed"),
        (b'{"transformation": {"watermark": {"text": "\\ud800"}}}', "malformed-json"),
        (b'{"transformation": ' * 5000, "malformed-json"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(ann: Client, body: bytes, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = ann.put("/v1/presets/wrong", content=body, headers=headers)
    if len(body) > 64 * 1024:
        code = "body-too-large"
    status = {"malformed-json": 400, "body-too-large": 413}.get(code, 422)
    assert_problem(answer, status, code)


def test_who_is_nobody_comes_before_everything(stranger: Client) -> None:
    for name in ("thumb", "original", "own"):
        assert_problem(stranger.put(f"/v1/presets/{name}", json={}), 401, "unauthenticated")
        assert_problem(stranger.delete(f"/v1/presets/{name}"), 401, "unauthenticated")


def test_a_watermark_is_a_picture_of_one_s_own(ann: Client, bob: Client) -> None:
    mark = ann.upload(pictures.jpeg((64, 48)))
    marked = {"watermark": {"image_id": mark["id"], "scale": 0.5}}
    field = {"transformation.watermark.image_id"}
    assert wrong_fields(put(bob, "marked", marked)) == field
    assert put(ann, "marked", marked, on_upload=False).status_code == 201
    ann.delete(f"/v1/images/{mark['id']}")
    assert wrong_fields(put(ann, "marked", marked | {"width": 9})) == field


def test_changes_at_once_lose_no_version(ann: Client) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: put(ann, "busy", {"width": n}), range(1, 25)))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 25))
    assert [answer.status_code for answer in answers].count(201) == 1
