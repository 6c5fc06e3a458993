"""`make bench-api`: what the API promises of its speed, measured and printed as a table."""

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from bench.api import reads, stalls, uploads
from bench.photographs import write_photographs
from bench.table import Row, show


def main() -> int:
    """0 when every target is met."""
    rows: list[Row] = []
    print("measuring reads ...", file=sys.stderr, flush=True)
    rows += reads.measure(_picture())
    print("measuring uploads ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        rows += uploads.measure(write_photographs(Path(folder))[0])
    print("measuring waits ...", file=sys.stderr, flush=True)
    rows += stalls.measure(_picture())
    show(rows)
    return 0 if all(row.met for row in rows) else 1


def _picture() -> Path:
    """A JPEG of 640 x 427 pixels that scikit-image ships."""
    found = find_spec("skimage")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "data" / "rocket.jpg"


if __name__ == "__main__":
    raise SystemExit(main())
