"""What is compared after each fault finds what is wrong: a check that can't fail proves nothing."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.client import PASSWORD
from tests.faults import checks, driver, overload
from tests.faults import ground as grounds
from tests.faults.checks import Found, compare, compare_originals
from tests.faults.customer import Answers
from tests.faults.ground import Ground
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.journeys import pictures
from tests.memory import Peak
from tests.product import Product, wait_for


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A product with three promised pictures, under no load."""
    folder = tmp_path_factory.mktemp("ground")
    product = Product(folder, SAFELIGHT_CHILDREN="1")
    try:
        product.start()
        ledger = Ledger(folder / "ledger")
        ground = Ground("embedded", product, ledger, Answers(), random.Random(1))
        customer = ground.client()
        for number in range(3):
            customer.processed(customer.surely(pictures.jpeg(number=number)))
        yield ground
    finally:
        product.end()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SETTLE_SECONDS", 0.0)


def found(ground: Ground) -> Found:
    return compare(ground, 0)


def path_of(ground: Ground, prefix: str) -> Path:
    """The file of some object whose key begins so."""
    key = min(key for key in ground.product.objects() if key.startswith(prefix))
    return ground.product.data / "objects" / key


def tell(ground: Ground, statement: str) -> None:
    with closing(sqlite3.connect(ground.product.data / "safelight.db")) as database, database:
        database.execute(statement)


def test_where_nothing_is_wrong_nothing_is_found(ground: Ground) -> None:
    assert found(ground).all() == []
    assert compare_originals(ground) == []


def test_a_promise_that_is_not_listed_is_lost(ground: Ground) -> None:
    username = ground.customers()[0].username
    ground.ledger.promise(username, "no-such-image", "")
    assert found(ground).lost == ["no-such-image is not listed"]
    ground.ledger.leaving("no-such-image")
    assert found(ground).all() == []


@pytest.mark.parametrize("prefix", ["originals/", "variants/"])
def test_an_object_with_other_bytes_is_lost(ground: Ground, prefix: str) -> None:
    path = path_of(ground, prefix)
    before = path.read_bytes()
    path.write_bytes(pictures.jpeg((32, 24)))
    # What the promise said, not what the row says now.
    assert found(ground).lost
    path.unlink()
    assert found(ground).lost
    path.write_bytes(before)
    assert found(ground).all() == []


def test_an_object_of_nobody_is_an_orphan(ground: Ground) -> None:
    path = path_of(ground, "originals/").with_name("0199aaaa-0000-7000-8000-000000000000")
    path.write_bytes(b"x")
    assert found(ground).orphans
    path.unlink()


def test_what_happened_twice_is_doubled(ground: Ground) -> None:
    tell(
        ground,
        "INSERT INTO events SELECT '00000000000000000000000000000001', account_id, image_id, type, "
        "time, data FROM events WHERE type = 'image.ready' LIMIT 1",
    )
    assert found(ground).doubled
    tell(ground, "DELETE FROM events WHERE id = '00000000000000000000000000000001'")


def test_a_picture_that_failed_is_lost_unless_it_may_fail(ground: Ground) -> None:
    promise = ground.ledger.promises()[0]
    image = f"id = '{promise.image_id.replace('-', '')}'"
    tell(
        ground,
        f"UPDATE images SET status = 'failed', error_code = 'x', error_detail = 'y' WHERE {image}",
    )
    ground.product.stop()
    ground.product.start()
    assert found(ground).lost
    tell(ground, f"UPDATE images SET status = 'ready', error_code = NULL WHERE {image}")
    ground.product.stop()
    ground.product.start()
    assert found(ground).all() == []


def _answer(status: int, kind: str = "queue-full", **headers: str) -> httpx.Response:
    request = httpx.Request("GET", "http://localhost/v1/images")
    headers |= {"content-type": "application/problem+json"}
    body = {"type": f"/problems/{kind}"}
    return httpx.Response(status, json=body, headers=headers, request=request)


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (_answer(500, "internal-error"), ["500 internal-error to GET /v1/images (1 times)"]),
        (httpx.Response(502, request=_answer(502).request), ["502  to GET /v1/images (1 times)"]),
        (_answer(503), ["503 queue-full without Retry-After (1 times)"]),
        (_answer(503, **{"retry-after": "5"}), []),
        (_answer(404, "image-not-found"), []),
    ],
)
def test_an_answer_that_nobody_should_be_given_is_wrong(
    ground: Ground, answer: httpx.Response, wrong: list[str]
) -> None:
    ground.begin()
    ground.answers.note(answer)
    assert driver._said(ground, ground.log_size()) == wrong


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "unexpected failure", "exception": [{"exc_type": "ValueError"}]}',
        '{"event": "not handled", "exception": [{"exc_type": "TypeError"}]}',
        "Traceback (most recent call last):",
    ],
)
def test_an_exception_in_the_log_is_wrong_unless_it_may_be_there(ground: Ground, line: str) -> None:
    ground.begin()
    offset = ground.log_size()
    with ground.product.log.open("a") as log:
        log.write(line + "\n")
    assert driver._said(ground, offset)
    assert not driver._said(ground, ground.log_size())
    ground.may_trace = True
    assert not driver._said(ground, offset)


def test_that_a_server_was_away_is_foreseen(ground: Ground) -> None:
    ground.begin()
    offset = ground.log_size()
    with ground.product.log.open("a") as log:
        log.write('{"event": "the outside world is unwell", "exception": []}\n')
    assert not driver._said(ground, offset)


def test_memory_that_grows_is_seen_and_so_is_that_nobody_looked(ground: Ground) -> None:
    ground.peak = Peak(ground.product)
    with pytest.raises(AssertionError, match="nobody has looked"):
        overload._flatness(ground, 0.0, 300.0)
    ground.peak.seen = [(90.0, {"api": 100 << 20}), (270.0, {"api": 120 << 20})]
    assert overload._flatness(ground, 0.0, 300.0) == ["api 100 then 120 MiB"]
    ground.peak.seen += [(280.0, {"api": 130 << 20})]
    with pytest.raises(AssertionError, match="api grew"):
        overload._flatness(ground, 0.0, 300.0)


def test_a_line_of_the_ledger_is_on_the_disk(ground: Ground, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.promise("ann", "1", "digest")
    ledger.gone("1")
    lines = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    assert lines == [["promise", "ann", "1", "digest"], ["gone", "1"]]


def test_a_good_picture_that_is_refused_for_good_is_wrong(ground: Ground) -> None:
    customer = ground.client()
    assert customer.promised(pictures.jpeg(), visibility="nobody") is None
    assert list(ground.answers.wrong) == ["a good picture was refused with 422"]
    ground.answers.forget()


def test_what_is_well_again_too_late_is_not_survived(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grounds, "RECOVERY_SECONDS", 0.0)
    with pytest.raises(AssertionError, match="not well again"):
        ground.recover()


def test_a_token_that_is_over_is_no_refusal(ground: Ground) -> None:
    customer = ground.client()
    customer.headers["Authorization"] = "Bearer over"
    assert customer.promised(pictures.jpeg(number=9)) is not None
    assert not ground.answers.refusals


def test_whoever_cannot_sign_in_anew_is_refused_and_comes_again(ground: Ground) -> None:
    customer = ground.client()
    customer.headers["Authorization"], customer.password = "Bearer over", "not the one"
    assert customer.promised(pictures.jpeg(number=10)) is None
    assert customer.last_refusal == "401 invalid-credentials"
    customer.password = PASSWORD
    assert customer.promised(pictures.jpeg(number=10)) is not None
    ground.answers.forget()


def test_a_client_of_the_load_that_has_ended_is_told_of_and_replaced(ground: Ground) -> None:
    closed = ground.client()
    closed.close()
    load = Load([closed], pause=0.05)
    try:
        load.go_on()
        wait_for("the client to end", lambda: load._senders[0].done())
        load.customers[0] = ground.client()
        with pytest.raises(RuntimeError, match="closed"):
            load.raise_for_crashes()
        before = len(ground.ledger)
        wait_for("another promise", lambda: len(ground.ledger) > before)
        load.raise_for_crashes()
    finally:
        load.end()
