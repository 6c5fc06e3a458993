"""Finding some of one's pictures: by words, tags, states, kinds and times, in any order."""

from typing import Any

import pytest

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.answers import assert_problem, wrong_fields

Json = dict[str, Any]
TOLD: tuple[tuple[str, str, list[str]], ...] = (
    ("Äpfel.jpg", "fifty per cent: 50%", ["Garden", "autumn"]),
    ("apfel_baum.jpg", "", ["garden"]),
    ("Harbour.JPG", "Two boats\nat the quay", ["Sea", "boats"]),
    ("harbour at night.jpg", "STRASSE am Hafen", ["sea", "Night"]),
    ("a\\b.png", "backslash", ["sea", "boats", "night"]),
    ("日本.png", "\U0001f305 \u202eright to left", ["日本", 'it\'s "quoted"']),
)


@pytest.fixture(scope="module")
def images(owner: Client) -> list[Json]:
    """Oldest first; the last one has failed."""
    sent = []
    for number, (name, description, tags) in enumerate(TOLD):
        side = 20 + 10 * (number * 5 % 6)
        content = pictures.jpeg((side, side), number)
        if name.endswith("png"):
            content = pictures.saved(pictures.photograph((side, side)), "PNG")
        told = {"name": name, "description": description, "tags": tags, "presets": "thumb"}
        sent.append(owner.post("/v1/images", files={"file": content}, data=told).json())
    broken = pictures.jpeg((640, 480))
    sent.append(owner.upload(broken[: len(broken) // 3], "broken.jpg", presets="thumb"))
    made = [owner.processed(image["id"]) for image in sent]
    assert [image["status"] for image in made] == ["ready"] * 6 + ["failed"]
    return made


def _names(client: Client, **asked: Any) -> list[str]:
    answer = client.get("/v1/images", params=asked)
    assert answer.status_code == 200, answer.text
    return [image["name"] for image in answer.json()["items"]]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("harbour", {"Harbour.JPG", "harbour at night.jpg"}),
        ("HARBOUR", {"Harbour.JPG", "harbour at night.jpg"}),
        ("äPF", {"Äpfel.jpg"}),
        ("A\u0308pf", {"Äpfel.jpg"}),
        ("boats", {"Harbour.JPG", "a\\b.png"}),
        ("boats\nat", {"Harbour.JPG"}),
        ("straße", {"harbour at night.jpg"}),
        ("日", {"日本.png"}),
        ("\U0001f305", {"日本.png"}),
        ("\u202er", {"日本.png"}),
        ("ed", {"日本.png"}),
        ("%", {"Äpfel.jpg"}),
        ("0%", {"Äpfel.jpg"}),
        ("_", {"apfel_baum.jpg"}),
        ("\\", {"a\\b.png"}),
        ("a\\b", {"a\\b.png"}),
        ("t's \"q", {"日本.png"}),
        ("%%", set()),
        ("h_rbour", set()),
        ("sea boats", set()),
        ("jpgfifty", set()),
        ("' OR 1=1 --", set()),
        ("', 1); DROP TABLE images; --", set()),
        ('" OR "*', set()),
        ("a & !b | c:*", set()),
        ("x" * 255, set()),
    ],
)
def test_a_word_is_looked_for_as_it_stands_in_any_case(
    owner: Client, images: list[Json], q: str, found: set[str]
) -> None:
    for sort in ("name", "-created_at", "size"):
        names = _names(owner, q=q, sort=sort)
        assert len(names) == len(found)
        assert set(names) == found


def test_an_empty_word_leaves_nothing_out(owner: Client, images: list[Json]) -> None:
    assert len(_names(owner, q="")) == len(images)


def test_several_tags_mean_all_of_them(owner: Client, images: list[Json]) -> None:
    assert _names(owner, tag="sea", sort="name") == [
        "a\\b.png",
        "harbour at night.jpg",
        "Harbour.JPG",
    ]
    assert _names(owner, tag=["SEA", " boats "], sort="name") == ["a\\b.png", "Harbour.JPG"]
    assert _names(owner, tag=["sea", "boats", "night"]) == ["a\\b.png"]
    assert _names(owner, tag=["sea", "garden"]) == _names(owner, tag="se") == []
    assert _names(owner, tag='it\'s "quoted"') == ["日本.png"]
    assert _names(owner, tag=["sea", "sea"], q="hafen", content_type="image/jpeg") == [
        "harbour at night.jpg"
    ]


def test_states_and_kinds_are_told_apart(owner: Client, images: list[Json]) -> None:
    assert _names(owner, status="failed") == ["broken.jpg"]
    assert len(_names(owner, status="ready", sort="size")) == 6
    assert _names(owner, status="processing") == []
    assert _names(owner, content_type="image/png", sort="created_at") == ["a\\b.png", "日本.png"]
    assert _names(owner, content_type="image/tiff") == []


def test_times_are_told_apart_to_the_millisecond(owner: Client, images: list[Json]) -> None:
    """What is shown as a picture's time is neither before nor after it."""
    time = images[2]["created_at"]
    earlier = [image["name"] for image in images[:2]]
    later = [image["name"] for image in images[3:]]
    finer = time.removesuffix("Z")
    assert _names(owner, created_before=time, sort="created_at") == earlier
    assert _names(owner, created_after=time, sort="created_at") == later
    assert _names(owner, created_before=f"{finer}001Z", sort="created_at") == [
        *earlier,
        images[2]["name"],
    ]
    assert _names(owner, created_after=f"{finer}999999+00:00", sort="created_at") == later
    for sort in ("name", "size"):
        assert set(_names(owner, created_before=time, sort=sort)) == set(earlier)
        assert _names(owner, created_before=time, created_after=time, sort=sort) == []


@pytest.mark.parametrize("key", ["created_at", "name", "size"])
def test_lists_are_sorted_in_both_directions(owner: Client, images: list[Json], key: str) -> None:
    up, down = _names(owner, sort=key), _names(owner, sort=f"-{key}")
    by_name = sorted((image["name"] for image in images), key=str.casefold)
    by_size = [i["name"] for i in sorted(images, key=lambda i: (i["size"], i["id"]))]
    expected = {"name": by_name, "size": by_size, "created_at": [i["name"] for i in images]}
    assert up == expected[key]
    assert down == up[::-1]


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "name"},
        {"sort": "-size", "tag": ["sea", "BOATS"]},
        {"sort": "-name", "q": "a", "status": "ready"},
        {"created_after": "2020-01-01T00:00:00.5+02:00", "content_type": "image/jpeg", "q": "ä b%"},
        {"q": "日", "tag": "日本"},
    ],
    ids=str,
)
def test_each_page_names_the_next_with_the_same_question(
    owner: Client, images: list[Json], asked: Json
) -> None:
    whole = _names(owner, **asked)
    walked: list[str] = []
    answer = owner.get("/v1/images", params=asked | {"limit": 1})
    while True:
        walked += [image["name"] for image in answer.json()["items"]]
        following = answer.links.get("next")
        assert bool(following) == bool(answer.json()["next_cursor"])
        if not following:
            break
        answer = owner.get(following["url"])
    assert walked == whole


def test_a_cursor_belongs_to_its_question(owner: Client, images: list[Json], bob: Client) -> None:
    asked: Json = {"q": "a", "tag": ["sea"], "sort": "name", "limit": 1}
    cursor = owner.get("/v1/images", params=asked).json()["next_cursor"]
    same = asked | {"tag": ["SEA", "sea"], "q": "A", "limit": 200}
    assert owner.get("/v1/images", params=same | {"cursor": cursor}).status_code == 200
    others: tuple[Json, ...] = (
        {"q": "b"},
        {"q": ""},
        {"tag": []},
        {"tag": ["sea", "boats"]},
        {"sort": "-name"},
        {"sort": "size"},
        {"status": "ready"},
        {"content_type": "image/jpeg"},
        {"created_after": "2020-01-01T00:00:00Z"},
        {"created_before": "2030-01-01T00:00:00Z"},
    )
    for other in others:
        answer = owner.get("/v1/images", params=asked | other | {"cursor": cursor})
        assert_problem(answer, 422, "bad-cursor")
    assert_problem(bob.get("/v1/images", params=asked | {"cursor": cursor}), 422, "bad-cursor")


def test_no_changed_cursor_is_taken(owner: Client, images: list[Json]) -> None:
    cursor = owner.get("/v1/images", params={"limit": 1}).json()["next_cursor"]
    flipped = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        for place in range(len(cursor))
    ]
    for forged in (*flipped, "", "A" * 20_000, cursor * 2, "=", "1; DROP TABLE images"):
        answer = owner.get("/v1/images", params={"cursor": forged})
        assert_problem(answer, 422, "bad-cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=1e9", "limit"),
        ("limit=", "limit"),
        ("offset=1000000", "offset"),
        ("q=a%00b", "q"),
        ("q=%1esea%1e", "q"),
        (f"q={'x' * 256}", "q"),
        ("q=a&q=b", "q"),
        ("tag=", "tag.0"),
        ("tag=sea&tag=%20", "tag.1"),
        (f"tag={'x' * 65}", "tag.0"),
        ("tag=a%0ab", "tag.0"),
        ("&".join(f"tag={n}" for n in range(51)), "tag"),
        ("status=deleted", "status"),
        ("status=", "status"),
        ("status=ready&status=failed", "status"),
        ("content_type=image/svg%2Bxml", "content_type"),
        ("content_type=IMAGE/JPEG", "content_type"),
        ("sort=colour", "sort"),
        ("sort=--name", "sort"),
        ("sort=created_at;--", "sort"),
        ("sort=name,size", "sort"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-11-23", "created_after"),
        ("created_after=1795766400", "created_after"),
        ("created_before=2026-11-23T08:00:00", "created_before"),
        ("created_before=2026-11-23T08:00:00+01:00", "created_before"),
        ("created_before=2026-02-30T08:00:00Z", "created_before"),
        ("created_before=' OR 1=1 --", "created_before"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(
    owner: Client, query: str, field: str
) -> None:
    assert wrong_fields(owner.get(f"/v1/images?{query}")) == {field}


def test_surrogates_and_bytes_that_are_no_text_find_nothing(
    owner: Client, images: list[Json]
) -> None:
    for query in ("q=%ff%fe", "q=%ed%a0%80", "tag=%ff"):
        answer = owner.get(f"/v1/images?{query}")
        assert answer.status_code == 200
        assert answer.json() == {"items": [], "next_cursor": None}


def test_each_question_has_its_own_tag_and_its_own_answer(
    owner: Client, images: list[Json], bob: Client
) -> None:
    """Also once every answer is kept; and the same question is another one for somebody else."""
    asked: tuple[Json, ...] = ({}, {"q": "sea"}, {"tag": "boats"}, {"q": "sea", "sort": "-name"})
    for _ in range(2):
        answers = [owner.get("/v1/images", params=params) for params in asked]
        assert len({answer.headers["etag"] for answer in answers}) == len(asked)
    for params, answer in zip(asked, answers, strict=True):
        etag = {"If-None-Match": answer.headers["etag"]}
        again = owner.get("/v1/images", params=params, headers=etag)
        assert (again.status_code, again.content) == (304, b"")
        others = bob.get("/v1/images", params=params, headers=etag)
        assert others.json() == {"items": [], "next_cursor": None}


def test_what_is_said_anew_is_found_at_once(ann: Client) -> None:
    image = ann.upload(pictures.jpeg((32, 24)), "before.jpg", tags=["old"])
    path = f"/v1/images/{image['id']}"
    for number in range(5):
        change = {"name": f"name {number}", "tags": [f"tag {number}"]}
        assert ann.patch(path, json=change).status_code == 200
        assert _names(ann, q=f"e {number}") == [f"name {number}"]
        assert _names(ann, tag=f"tag {number}") == [f"name {number}"]
        assert _names(ann, q="before") == _names(ann, tag="old") == []
    assert ann.delete(path).status_code == 204
    assert _names(ann, q="name") == _names(ann, tag="tag 4") == []


def test_no_answer_has_more_than_its_description_says(owner: Client, images: list[Json]) -> None:
    schemas = owner.get("/openapi.json").json()["components"]["schemas"]
    account = owner.get("/v1/auth/me").json()
    answer = owner.get("/v1/images")
    assert set(answer.json()) == set(schemas["ImageList"]["properties"])
    for image in (*answer.json()["items"], owner.image(images[0]["id"])):
        assert set(image) == set(schemas["Image"]["properties"])
        for variant in image["variants"]:
            assert set(variant) == set(schemas["Variant"]["properties"])
    for word in (account["email"], "password", "fingerprint", "job_id", "deleted_at", "search"):
        assert word not in answer.text
