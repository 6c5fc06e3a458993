"""Requests turned towards what exists, and away from what the rest of the probe needs."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from schemathesis.transport.serialization import Binary

from safelight.contract.presets import BUILT_IN
from tests.probe.known import PASSWORD, Known

DELIVERED = "/i/{image_id}/{what}"
WHAT = ("original", "thumb", "original", "width=30,format=png")
SIGN_IN = ("POST", "/v1/auth/token")
WITH_PASSWORD = {
    ("DELETE", "/v1/auth/me"): "password",
    ("POST", "/v1/auth/me/password"): "current",
}
"""Requests that need the account's password, and the field that has it."""


def steer(case: Any, known: Known, chance: int) -> None:
    """Change a well-formed request; `chance` is 0 to 3, and 0 leaves it as it is."""
    if (case.method, case.operation.path) in WITH_PASSWORD:
        _throw_away(case, known)
    if (case.method, case.operation.path) == SIGN_IN:
        _sign_in(case, known)
    if not chance:
        return
    if case.operation.path == DELIVERED:
        _aim(case, known, chance)
    if case.method == "GET" and case.operation.path == "/v1/images":
        _page(case, known, chance)
    if isinstance(case.body, dict):
        _name(case.body, known)
    if case.media_type == "multipart/form-data" and "file" in case.body:
        case.body["file"] = Binary(known.some_picture(chance))


def protect(case: Any, known: Known, chance: int) -> None:
    """Change any request: pictures that others need are not deleted, most tags are of the present
    version, and most presets that are changed may be, since whatever else is wrong is said later.
    """
    if case.method == "PUT" and chance and case.path_parameters.get("name") in BUILT_IN:
        case.path_parameters["name"] = "own"
    image_id = case.path_parameters.get("image_id")
    if case.method == "DELETE" and image_id in known.kept:
        case.path_parameters["image_id"] = known.disposable()
    elif chance and "if-match" in case.headers and (present := known.tag(image_id)):
        case.headers["if-match"] = present if chance > 1 else "*"


def _throw_away(case: Any, known: Known) -> None:
    """Ask as somebody who has just signed up, with the right password."""
    field = WITH_PASSWORD[case.method, case.operation.path]
    if token := known.throwaway(f"gives-{field}"):
        case.headers["Authorization"] = f"Bearer {token}"
        case.body[field] = PASSWORD


def _sign_in(case: Any, known: Known) -> None:
    """As somebody whom there is: the one of the example may not have signed up yet."""
    if case.body.get("grant_type") == "password":
        case.body |= {"username": known.username, "password": PASSWORD}


def _page(case: Any, known: Known, chance: int) -> None:
    """A first page of what is asked for, or of everything, or one that follows it."""
    case.query.pop("cursor", None)
    if chance > 1:
        for name in case.query.keys() - {"sort", "limit"}:
            del case.query[name]
    if chance > 2 and (cursor := known.cursor(case.query)):
        case.query["cursor"] = cursor


def _name(body: dict[str, Any], known: Known) -> None:
    """A variant that is there, where one is linked; one that is not, where it is made."""
    if isinstance(body.get("variant"), str):
        body["variant"] = "original"
    if "transformation" in body and "name" in body:
        body["name"] = known.new_name()


def _aim(case: Any, known: Known, chance: int) -> None:
    """A link of the product's own, or the owner without a link: any other signature ends the
    request before anything is looked at.
    """
    if chance == 1:
        link = urlsplit(known.link())
        _, _, image_id, what = link.path.split("/")
        case.path_parameters |= {"image_id": image_id, "what": what}
        case.query = dict(parse_qsl(link.query))
        return
    case.path_parameters |= {"image_id": known.kept[chance], "what": WHAT[chance]}
    for name in ("signature", "expires", "v"):
        case.query.pop(name, None)
