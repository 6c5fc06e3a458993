"""Requests turned towards what exists, and away from what the rest of the probe needs."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.probe.known import PASSWORD, Known

DELIVERED = "/i/{image_id}/{what}"
WITH_PASSWORD = {
    ("DELETE", "/v1/auth/me"): "password",
    ("POST", "/v1/auth/me/password"): "current",
}
"""Requests that need the account's password, and the field that has it."""


def steer(case: Any, known: Known, chance: int) -> None:
    """Change a well-formed request; `chance` is 0 to 3, and 0 leaves most as they are."""
    if case.method == "DELETE" and case.path_parameters.get("image_id") in known.kept:
        case.path_parameters["image_id"] = known.disposable()
    if (case.method, case.operation.path) in WITH_PASSWORD and chance:
        _throw_away(case, known)
    if case.operation.path == DELIVERED:
        _aim(case, known, chance)
    if "if-match" in case.headers and case.path_parameters.get("image_id") in known.kept:
        _make_present(case, known, chance)
    if case.media_type == "multipart/form-data" and chance and "file" in case.body:
        case.body["file"] = known.some_picture(chance)


def _throw_away(case: Any, known: Known) -> None:
    """Ask as somebody who has just signed up, with the right password."""
    if token := known.throwaway():
        case.headers["Authorization"] = f"Bearer {token}"
        case.body[WITH_PASSWORD[case.method, case.operation.path]] = PASSWORD


def _aim(case: Any, known: Known, chance: int) -> None:
    """A link of the product's own, or the owner without a link: any other signature ends the
    request before anything is looked at.
    """
    if chance == 1:
        link = urlsplit(known.link())
        _, _, image_id, what = link.path.split("/")
        case.path_parameters |= {"image_id": image_id, "what": what}
        case.query = dict(parse_qsl(link.query))
    elif chance:
        for name in ("signature", "expires", "v"):
            case.query.pop(name, None)


def _make_present(case: Any, known: Known, chance: int) -> None:
    """The tag of the present version, or any; else one that may be stale."""
    if chance == 1:
        case.headers["if-match"] = "*"
    elif chance:
        case.headers["if-match"] = known.tag(case.path_parameters["image_id"])
