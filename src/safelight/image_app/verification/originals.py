"""The bytes of originals, read to compare them with those that came."""

from hashlib import sha256

from safelight.backends.objects import Objects


async def sha256_of(objects: Objects, key: str) -> str:
    """In hexadecimal; the object is never held whole in memory."""
    digest = sha256()
    async for chunk in await objects.read(key):
        digest.update(chunk)
    return digest.hexdigest()
