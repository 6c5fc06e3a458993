"""What the API counts, as Prometheus names it. No label ever holds an id."""

from prometheus_client import Counter, Gauge, Histogram
from starlette.types import Scope

from safelight.backends.cache import Cache, Cached

REQUESTS = Counter(
    "safelight_requests", "Requests that were answered.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "safelight_request_seconds",
    "Time from the head of a request to the end of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CACHE_READS = Counter(
    "safelight_cache_reads", "Questions to the cache: hit, miss, or away.", ["result"]
)
UPLOADS = Counter("safelight_uploads", "Pictures that were taken.")
UPLOADED_BYTES = Counter("safelight_uploaded_bytes", "Bytes of the pictures that were taken.")
UNFINISHED = Gauge(
    "safelight_unfinished_images",
    "Pictures that wait to be processed, counted up to SAFELIGHT_QUEUE_LIMIT, over all processes.",
)
PROMISES = Gauge("safelight_promises", "Promised messages in the outbox, over all processes.")
OLDEST_PROMISE = Gauge(
    "safelight_oldest_promise_seconds", "Age of the oldest message in the outbox."
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
NOWHERE = "none"

_HIT, _MISS, _AWAY = (CACHE_READS.labels(result) for result in ("hit", "miss", "away"))
_requests: dict[tuple[str, str, int], Counter] = {}
_seconds: dict[tuple[str, str], Histogram] = {}


def count_request(scope: Scope, status: int, seconds: float) -> None:
    """Count one that was answered, under the template of its route."""
    method = scope["method"] if scope["method"] in METHODS else OTHER
    route = getattr(scope.get("route"), "path", None) or NOWHERE
    try:  # finding a child by its labels costs more than all the rest
        _requests[method, route, status].inc()
        _seconds[method, route].observe(seconds)
    except KeyError:
        counter = _requests[method, route, status] = REQUESTS.labels(method, route, str(status))
        histogram = _seconds[method, route] = REQUEST_SECONDS.labels(method, route)
        counter.inc()
        histogram.observe(seconds)


class Counted:
    """A cache whose hits and misses are counted."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.start, self.stop = cache.start, cache.stop
        self.keep, self.hold, self.release = cache.keep, cache.hold, cache.release
        self.is_up = cache.is_up

    async def get(self, scope: str, question: str) -> Cached:
        found = await self._cache.get(scope, question)
        if found.body is not None:
            _HIT.inc()
        else:
            (_MISS if found.ticket else _AWAY).inc()
        return found
