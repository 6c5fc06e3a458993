"""Headers that make every answer safe."""

from safelight.image_app.safety import PER_ACCOUNT, TLS, UNLESS_SAID, Safety

SAFETY = Safety(is_https=False)


def test_whatever_an_answer_does_not_say_is_said_once() -> None:
    names = [name for name, _ in SAFETY.around([(b"content-type", b"text/plain")])]
    assert len(set(names)) == len(names)
    assert {b"x-content-type-options", b"referrer-policy"} <= set(names)
    assert {name for name, _ in UNLESS_SAID} <= set(names)


def test_what_an_answer_says_itself_stays_and_brings_nothing_along() -> None:
    for name, added in UNLESS_SAID:
        headers = SAFETY.around([(name, b"as the route has it")])
        assert [value for n, value in headers if n == name] == [b"as the route has it"]
        assert not set(added) & set(headers)
        assert {n for n, _ in UNLESS_SAID} <= {n for n, _ in headers}


def test_an_answer_depends_on_who_asks_unless_it_says_itself_how_it_may_be_kept() -> None:
    assert PER_ACCOUNT in SAFETY.around([])
    assert PER_ACCOUNT in SAFETY.around([(b"content-security-policy", b"sandbox")])
    for said in ((b"cache-control", b"public"), (b"vary", b"Accept")):
        assert PER_ACCOUNT not in SAFETY.around([said])


def test_only_who_is_reached_by_tls_asks_for_it() -> None:
    assert TLS in Safety(is_https=True).around([])
    assert TLS not in SAFETY.around([])


def test_headers_of_one_answer_are_in_no_other() -> None:
    given = [(b"etag", b'"a"')]
    SAFETY.around(given, (b"x-request-id", b"1"))
    assert given == [(b"etag", b'"a"')]
    assert (b"x-request-id", b"1") not in SAFETY.around(given)
