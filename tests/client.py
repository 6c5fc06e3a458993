"""Somebody who uses the product over HTTP."""

from itertools import count
from typing import Any

import httpx

from tests import plain_http
from tests.product import wait_for

PASSWORD = "correct horse battery"
_numbers = count(1)


class Client(httpx.Client):
    """A client with an account of its own. `image` and `upload` fail on a refusal; the plain
    methods of httpx do not.
    """

    def __init__(self, base_url: str, username: str = "", password: str = PASSWORD) -> None:
        super().__init__(base_url=base_url, timeout=60, verify=plain_http.NO_TLS)
        self.username = username or f"user-{next(_numbers)}"
        self.password = password

    def sign_up(self) -> "Client":
        account = {
            "username": self.username,
            "email": f"{self.username}@example.com",
            "password": self.password,
        }
        assert self.post("/v1/auth/register", json=account).status_code == 201
        return self.sign_in()

    def sign_in(self) -> "Client":
        answer = self.ask_for_token()
        assert answer.status_code == 200, answer.text
        return self

    def ask_for_token(self) -> httpx.Response:
        """Try to sign in; a token that is given is shown from now on."""
        form = {"grant_type": "password", "username": self.username, "password": self.password}
        answer = self.post("/v1/auth/token", data=form)
        if answer.status_code == 200:
            self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    def offer(self, content: bytes, name: str = "picture", **fields: Any) -> httpx.Response:
        """Try to upload."""
        return self.post("/v1/images", files={"file": (name, content)}, data=fields)

    def upload(self, content: bytes, name: str = "picture", **fields: Any) -> dict[str, Any]:
        answer = self.offer(content, name, **fields)
        assert answer.status_code == 201, answer.text
        image: dict[str, Any] = answer.json()
        return image

    def image(self, image_id: str) -> dict[str, Any]:
        answer = self.get(f"/v1/images/{image_id}")
        assert answer.status_code == 200, answer.text
        image: dict[str, Any] = answer.json()
        return image

    def processed(self, image_id: str) -> dict[str, Any]:
        """The image once it is ready or failed."""

        def look() -> dict[str, Any] | None:
            image = self.image(image_id)
            return image if image["status"] != "processing" else None

        return wait_for(f"image {image_id} to be processed", look)

    def upload_and_wait(
        self, content: bytes, name: str = "picture", **fields: Any
    ) -> dict[str, Any]:
        image = self.processed(self.upload(content, name, **fields)["id"])
        assert image["status"] == "ready", image["error"]
        return image

    def variant(self, image: dict[str, Any], name: str) -> bytes:
        """A variant's bytes through its link, without credentials."""
        url = next(v["url"] for v in image["variants"] if v["name"] == name)
        answer = plain_http.get(f"{self.base_url}{url}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def all_images(self) -> list[dict[str, Any]]:
        """Every image, page by page."""
        images: list[dict[str, Any]] = []
        cursor = ""
        while True:
            query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = self.get("/v1/images", params=query).json()
            images += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return images
