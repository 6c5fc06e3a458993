"""HTTP without TLS, as everything here is spoken to."""

import ssl
from typing import Any

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Knows no certificates. httpx would load all of this machine for each client that is made, which
keeps a core busy as long as something is asked whether it is ready.
"""


def get(url: str, timeout: float = 60, **options: Any) -> httpx.Response:
    """What `httpx.get` answers, in as many seconds as a busy machine may need."""
    return httpx.get(url, verify=NO_TLS, timeout=timeout, **options)
