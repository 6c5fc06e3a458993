"""How the API shows itself to browsers and to those who watch over it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surface:
    """`origins` are those whose pages may call it, `*` for all; `metrics_port` is where alone its
    metrics are, if not beside the rest; `is_https`: whether clients reach it by TLS.
    """

    origins: frozenset[str] = frozenset()
    metrics_port: int | None = None
    is_https: bool = False
