"""`safelight dead-letters` beside the running product, in another process."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.client import Client
from tests.journeys import pictures
from tests.journeys.leftovers import stop_when_all_is_done
from tests.journeys.surgery import execute, lose_jobs, park, stop_with_work_undone
from tests.product import Product, wait_for


@pytest.mark.timeout(240)
def test_letters_are_listed_looked_into_and_sent_again(install: Callable[..., Product]) -> None:
    product = install(SAFELIGHT_DRAIN_SECONDS="2")
    product.start()
    assert product.run("dead-letters", "list") == (0, "There is none.\n")
    assert product.run("dead-letters", "send", "--all") == (0, "There is none.\n")
    owner = Client(product.base_url).sign_up()
    first, second, third = stop_with_work_undone(
        product, owner, *(pictures.jpeg(number=n) for n in range(3))
    )
    for image_id in (first, second, third):
        park(product, image_id)
    product.start()
    owner.base_url = product.base_url
    image = owner.image(first)
    assert (image["status"], image["error"]["code"]) == ("failed", "processing-error")

    code, words = product.run("dead-letters", "list")
    assert (code, len(words.splitlines())) == (0, 3)
    listed = json.loads(product.run("dead-letters", "list", "--json", "--limit", "2")[1])
    assert [letter["image"] for letter in listed] == [third, second]
    assert {letter["topic"] for letter in listed} == {"safelight.jobs"}
    assert {letter["reason"] for letter in listed} == {"OSError: no room"}
    number = str(listed[0]["id"])
    code, words = product.run("dead-letters", "show", number)
    assert code == 0
    assert f'"image_id": "{third}"' in words
    assert "header ce_type: image.job" in words
    assert "wait again" in words

    assert owner.delete(f"/v1/images/{third}").status_code == 204
    code, words = product.run("dead-letters", "send", number)
    assert (code, words) == (0, f"{number} dropped as pointless: its image is deleted\n")
    code, words = product.run("dead-letters", "send", "--all")
    assert code == 0
    assert words.count("wait again") == 2
    for image_id in (first, second):
        assert owner.processed(image_id)["status"] == "ready"
    assert product.run("dead-letters", "list") == (0, "There is none.\n")
    stop_when_all_is_done(product)
    assert product.verify() == (0, "2 images, 0 promises, 0 differences\n")


@pytest.mark.timeout(240)
def test_an_outcome_is_sent_again_and_taken(install: Callable[..., Product]) -> None:
    product = install(SAFELIGHT_DRAIN_SECONDS="2")
    product.start()
    owner = Client(product.base_url).sign_up()
    [image_id] = stop_with_work_undone(product, owner, pictures.jpeg())
    lose_jobs(product)  # so that no other outcome comes
    park(product, image_id, "outcome")
    product.start()
    owner.base_url = product.base_url
    assert owner.image(image_id)["error"]["code"] == "processing-error"
    code, words = product.run("dead-letters", "send", "--all")
    assert code == 0
    assert "wait again, for the promise on safelight.outcomes" in words
    wait_for("it to be taken", lambda: _code(owner, image_id) == "corrupt-image")


def test_what_another_release_has_left_is_named(install: Callable[..., Product]) -> None:
    product = install()
    product.start()
    assert product.stop() == 0
    execute(product, text("DELETE FROM alembic_version"))
    for command in (["dead-letters", "list"], ["dead-letters", "send", "--all"], ["verify"]):
        code, words = product.run(*command)
        assert code == 1
        assert words.startswith("safelight: the database has not the shape")
        assert "`safelight migrate`" in words


def _code(owner: Client, image_id: str) -> str | None:
    error = owner.image(image_id)["error"]
    return str(error["code"]) if error else None


def test_what_there_is_not_is_named(product: Product) -> None:
    for command in ("show", "send", "drop"):
        code, words = product.run("dead-letters", command, "77")
        assert code == 1
        assert words == ("safelight: no dead letter 77: `safelight dead-letters list` names them\n")
    for arguments in (["send"], ["send", "--all", "77"], ["drop"]):
        code, words = product.run("dead-letters", *arguments)
        assert code == 1
        assert words.startswith("safelight: say which")
    for number in ("0", str(2**63)):
        code, words = product.run("dead-letters", "drop", number)
        assert code == 2
        assert "Invalid value for 'ID...'" in words
