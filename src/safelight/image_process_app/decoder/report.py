"""What libvips here can open, as JSON: asked in a process of its own, `python -m`, by a doctor."""

import json
import sys

import pyvips

from safelight.image_process_app.steps.open import LOADERS


def report() -> dict[str, object]:
    """Its version, and for each type of picture that is taken whether it has the loader."""
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    return {
        "version": version,
        "loaders": {kind: _has(name) for kind, name in LOADERS.items()},
    }


def _has(loader: str) -> bool:
    return bool(pyvips.type_find("VipsOperation", loader))


if __name__ == "__main__":
    json.dump(report(), sys.stdout)
