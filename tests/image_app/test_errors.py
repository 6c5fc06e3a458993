"""Everything that can go wrong for a client."""

import json
import re
from http import HTTPStatus

import pytest

from safelight.image_app import errors
from safelight.image_app.errors import KINDS, FieldError, Kind
from safelight.image_app.responses import not_modified, problem_response


def test_no_code_is_used_twice() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_kind_has_a_code_for_an_address_a_real_status_and_whole_sentences(
    kind: Kind,
) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert 400 <= HTTPStatus(kind.status) < 600
    assert kind.title.strip() == kind.title != ""
    assert kind.detail.endswith(".")


def test_who_is_not_signed_in_is_told_how_and_who_comes_too_early_is_told_when() -> None:
    for kind in KINDS:
        assert (kind.headers.get("WWW-Authenticate") == "Bearer") == (kind.status == 401)
        if kind.status == 503:
            assert int(kind.headers["Retry-After"]) > 0


def test_a_problem_is_a_document_as_rfc_9457_has_it() -> None:
    problem = errors.VALIDATION_FAILED(errors=[FieldError("tags.3", "is too long")])
    response = problem_response(problem, "request-1")
    assert response.status_code == 422
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "/problems/validation-failed",
        "title": "Validation failed",
        "status": 422,
        "detail": "The request has values that are not allowed.",
        "request_id": "request-1",
        "errors": [{"field": "tags.3", "message": "is too long"}],
    }


def test_a_problem_may_say_more_than_its_kind() -> None:
    problem = errors.EMPTY_FILE("Nothing came.")
    assert problem.document("1")["detail"] == "Nothing came."
    assert "errors" not in problem.document("1")


def test_the_headers_of_one_problem_are_not_those_of_the_next() -> None:
    first = errors.METHOD_NOT_ALLOWED()
    first.headers = {"Allow": "GET"}
    assert errors.METHOD_NOT_ALLOWED().headers == {}


@pytest.mark.parametrize(
    ("header", "same"),
    [
        (None, False),
        ("", False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b","c"', False),
        ("*", True),
        ("a", False),
    ],
)
def test_a_client_has_what_one_of_its_tags_names(header: str | None, same: bool) -> None:
    assert not_modified(header, '"a"') is same
