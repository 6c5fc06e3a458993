"""What the API counts, as Prometheus reads it."""

import re
from uuid import UUID

from prometheus_client.parser import text_string_to_metric_families

from tests.client import Client
from tests.journeys import pictures
from tests.product import wait_for

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


def _read(client: Client) -> dict[str, float]:
    """Every sample, by its name with its labels."""
    text = client.get("/metrics").text
    assert not ID.search(text)
    return {
        sample.name
        + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _risen(client: Client, before: dict[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0) for name, value in _read(client).items()}


def test_requests_are_counted_by_the_template_of_their_route(client: Client) -> None:
    before = _read(client)
    for number in range(3):
        client.get(f"/v1/images/{UUID(int=number)}")
    client.head("/v1/images")
    client.put("/v1/images")
    client.get(f"/{UUID(int=5)}")
    client.request("PROPFIND", "/v1/images")
    risen = _risen(client, before)
    assert risen["safelight_requests_total GET /v1/images/{image_id} 404"] == 3
    assert risen["safelight_requests_total HEAD /v1/images 200"] == 1
    assert risen["safelight_requests_total GET none 404"] == 1
    assert sum(v for n, v in risen.items() if re.match(r"safelight_requests_total .* 405", n)) == 2
    assert risen["safelight_request_seconds_count GET /v1/images/{image_id}"] == 3
    assert risen["safelight_request_seconds_bucket +Inf GET /v1/images/{image_id}"] == 3


def test_uploads_and_what_waits_are_counted(client: Client) -> None:
    before, picture = _read(client), pictures.jpeg()
    client.upload_and_wait(picture)
    client.offer(b"no picture")
    risen = _risen(client, before)
    assert risen["safelight_uploads_total"] == 1
    assert risen["safelight_uploaded_bytes_total"] == len(picture)
    waiting = ("promises", "unfinished_images", "oldest_promise_seconds")

    def nothing_waits() -> bool:
        now = _read(client)
        return [now[f"safelight_{name}"] for name in waiting] == [0, 0, 0]

    wait_for("nothing to wait", nothing_waits)


def test_hits_and_misses_of_the_cache_are_counted(client: Client) -> None:
    image = client.upload_and_wait(pictures.jpeg(number=2))

    def is_kept() -> bool:
        """Not at once: whoever wrote the outcome may not have let go of the account yet."""
        before = _read(client)
        client.image(image["id"])
        client.image(image["id"])
        return _risen(client, before)["safelight_cache_reads_total hit"] == 2

    wait_for("the answer to be kept", is_kept)


def test_metrics_are_text_for_whoever_may_reach_them(client: Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "/metrics" not in client.get("/openapi.json").json()["paths"]
