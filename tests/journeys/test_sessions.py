"""Sessions: how they go on, and how they end."""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import httpx
import pytest

from safelight.image_app.passwords import AT_ONCE
from tests.client import PASSWORD, Client
from tests.journeys.answers import assert_problem, said_of, wrong_fields
from tests.journeys.credentials import (
    NEW_PASSWORD,
    at_once,
    pair_of,
    refresh,
    register,
    revoke,
    sign_in,
)

WRONG = "not the password"
MANY = 100
SPELLINGS = ("ren\u00e9@example.com", "rene\u0301@Example.COM", "REN\u00c9@EXAMPLE.com")


def change_password(client: Client, current: str, new: str) -> Any:
    return client.post("/v1/auth/me/password", json={"current": current, "new": new})


def test_of_many_uses_of_one_refresh_token_at_once_at_most_one_wins_and_its_family_ends(
    ann: Client,
) -> None:
    first = pair_of(ann, ann.username)["refresh_token"]
    answers = at_once(lambda token: refresh(ann, token), [first] * 8)
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer not in won:
            assert_problem(answer, 401, "invalid-refresh-token")
    assert_problem(refresh(ann, won[0].json()["refresh_token"]), 401, "invalid-refresh-token")


def test_signing_out_ends_that_session_by_any_of_its_tokens_and_no_other(ann: Client) -> None:
    elsewhere = pair_of(ann, ann.username)
    for number in range(2):
        first = pair_of(ann, ann.username)["refresh_token"]
        second = refresh(ann, first).json()["refresh_token"]
        answer = revoke(ann, (first, second)[number], token_type_hint="refresh_token")
        assert (answer.status_code, answer.content) == (200, b"")
        assert_problem(refresh(ann, second), 401, "invalid-refresh-token")
    assert refresh(ann, elsewhere["refresh_token"]).status_code == 200


def test_whatever_is_revoked_it_is_well(ann: Client, stranger: Client) -> None:
    pair = pair_of(ann, ann.username)
    for token in (pair["access_token"], "unknown", "", "\0", "é" * 9000, pair["refresh_token"]):
        for hint in ("access_token", "anything"):
            answer = revoke(stranger, token, token_type_hint=hint)
            assert (answer.status_code, answer.content) == (200, b"")
    assert_problem(refresh(ann, pair["refresh_token"]), 401, "invalid-refresh-token")
    assert ann.get("/v1/auth/me").status_code == 200
    assert wrong_fields(stranger.post("/v1/auth/revoke", data={"tokens": "x"})) == {
        "token",
        "tokens",
    }
    json = stranger.post("/v1/auth/revoke", json={"token": "x"})
    assert_problem(json, 415, "unsupported-media-type")


def test_a_changed_password_ends_every_session_and_the_old_one_opens_nothing(ann: Client) -> None:
    sessions = [pair_of(ann, ann.username)["refresh_token"] for _ in range(2)]
    sessions.append(refresh(ann, sessions[0]).json()["refresh_token"])
    answer = change_password(ann, PASSWORD, NEW_PASSWORD)
    assert (answer.status_code, answer.content) == (204, b"")
    for token in sessions:
        assert_problem(refresh(ann, token), 401, "invalid-refresh-token")
    assert_problem(sign_in(ann, ann.username), 401, "invalid-credentials")
    pair = pair_of(ann, ann.username, NEW_PASSWORD)
    assert refresh(ann, pair["refresh_token"]).status_code == 200
    assert ann.get("/v1/auth/me").status_code == 200, "an access token lives out its ten minutes"
    assert_problem(change_password(ann, PASSWORD, "a third password"), 403, "wrong-password")


def test_a_password_is_not_changed_without_the_old_one_or_to_a_bad_one(
    ann: Client, stranger: Client
) -> None:
    session = pair_of(ann, ann.username)["refresh_token"]
    assert_problem(change_password(ann, WRONG, NEW_PASSWORD), 403, "wrong-password")
    for bad in ("a" * 9, "a" * 129, "a" * 10 + "\0", None):
        answer = ann.post("/v1/auth/me/password", json={"current": PASSWORD, "new": bad})
        assert wrong_fields(answer) == {"new"}
    assert wrong_fields(ann.post("/v1/auth/me/password", json={})) == {"current", "new"}
    assert_problem(change_password(stranger, PASSWORD, NEW_PASSWORD), 401, "unauthenticated")
    assert refresh(ann, session).status_code == 200
    assert sign_in(ann, ann.username).status_code == 200


@pytest.mark.parametrize("length", [10, 128])
def test_a_password_counts_to_its_last_character_as_it_was_typed(
    stranger: Client, length: int
) -> None:
    name, password = f"typed-{length}", ("caf\u00e9" + "x" * 128)[:length]
    assert register(stranger, name, password=password).status_code == 201
    assert sign_in(stranger, name, password).status_code == 200
    for other in (password[:-1] + "y", password + "x", password.replace("\u00e9", "e\u0301")):
        assert_problem(sign_in(stranger, name, other), 401, "invalid-credentials")
    if length > 80:
        cut = password[:79] + "y" + password[80:]
        assert_problem(sign_in(stranger, name, cut), 401, "invalid-credentials")


def test_a_password_of_a_megabyte_is_refused_before_it_is_hashed(
    ann: Client, stranger: Client
) -> None:
    endless = "x" * (1 << 20)
    for answer in (
        register(stranger, "endless", password=endless),
        sign_in(stranger, ann.username, endless),
        change_password(ann, PASSWORD, endless),
    ):
        assert_problem(answer, 413, "body-too-large")
    assert wrong_fields(sign_in(stranger, ann.username, "x" * 2000)) == {"password"}


def test_who_has_an_account_is_told_by_no_word_and_by_no_time(
    ann: Client, stranger: Client
) -> None:
    """Interleaved, so that whatever else the machine does disturbs both alike."""

    def timed(login: str) -> float:
        began = time.perf_counter()
        answer = sign_in(stranger, login, WRONG)
        took = time.perf_counter() - began
        assert_problem(answer, 401, "invalid-credentials")
        return took

    nobody = "nobody-of-that-name"
    ratios = []
    for _ in range(3):  # a busy machine may well disturb one round
        pairs = [(timed(ann.username), timed(nobody)) for _ in range(20)]
        known, unknown = (median(times) for times in zip(*pairs, strict=True))
        ratios.append(unknown / known)
        if 1 / 1.6 < ratios[-1] < 1.6:
            break
    else:
        pytest.fail(f"one takes longer than the other: {ratios}")
    told = []
    for login in (ann.username, nobody):
        answer = sign_in(stranger, login, WRONG)
        del answer.headers["ratelimit"]  # in which each name counts for itself
        told.append(said_of(answer))
    assert told[0] == told[1]


def test_of_many_who_register_one_e_mail_at_once_in_any_spelling_one_does(
    stranger: Client,
) -> None:
    wanted = [(f"rene-{number}", SPELLINGS[number % 3]) for number in range(18)]
    answers = at_once(lambda one: register(stranger, *one), wanted)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 17
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, 409, "email-taken")
    for spelling in SPELLINGS:
        assert sign_in(stranger, spelling).status_code == 200


def test_of_many_who_sign_in_at_once_so_many_wait_as_may_and_nobody_else_does(
    ann: Client, bob: Client
) -> None:
    signed_in: list[int] = []

    def tries(number: int) -> httpx.Response:
        answer = sign_in(ann, ann.username)
        if answer.status_code == 200:
            signed_in.append(number)
        return answer

    passed_by = []
    with ThreadPoolExecutor(1) as beside:
        flood = beside.submit(at_once, tries, range(MANY))
        while not flood.done():
            before = len(signed_in)
            assert bob.get("/v1/images").status_code == 200
            passed_by.append(len(signed_in) - before)
    refused = [answer for answer in flood.result() if answer.status_code != 200]
    assert 0 < len(refused) < MANY
    for answer in refused:
        assert_problem(answer, 503, "service-unavailable")
        assert int(answer.headers["retry-after"]) >= 1
    # Had he waited behind those who sign in, all of them who may wait would have passed him by.
    assert median(passed_by) <= AT_ONCE
    assert sign_in(bob, bob.username).status_code == 200
