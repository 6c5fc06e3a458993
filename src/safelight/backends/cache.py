"""The cache, by URL: mem. Holds only what may be forgotten, and nothing about permission."""

from cashews import Cache


def open_cache(url: str) -> Cache:
    """A cache of JSON values; `await cache.init()` is not needed, `await cache.close()` is."""
    cache = Cache()
    cache.setup(url, pickle_type="json")
    return cache
