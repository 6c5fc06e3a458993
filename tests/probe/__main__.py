"""`make probe`: schemathesis asks a started product everything that its own description allows,
and much that it does not.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import plain_http
from tests.logbook import OVERTIME, deaths, lines, tracebacks
from tests.modes import MODES, started
from tests.probe.ground import configure, prepare
from tests.product import Product
from tests.remains import amiss

SETTINGS = {
    "SAFELIGHT_LIMIT_REGISTER": "100000/second",
    "SAFELIGHT_LIMIT_LOGIN": "100000/second",
    "SAFELIGHT_LIMIT_UPLOAD": "100000/second",
    "SAFELIGHT_LIMIT_RENDER": "1000/second",
}
SERVER_ERRORS = 500


def main() -> int:
    parser = argparse.ArgumentParser(prog="make probe")
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=MODES, default=MODES[0])
    given = parser.parse_args()
    print(f"{given.mode}, seed {given.seed}, {given.seconds} seconds", flush=True)
    with TemporaryDirectory() as scratch, started(given.mode, **SETTINGS) as product:
        checks = _probe(product, Path(scratch), given.seconds, given.seed)
    for what, wrong in checks.items():
        print(f"{what}: {'; '.join(wrong[:10]) or 'right'}")
    failed = sum(1 for wrong in checks.values() if wrong)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _probe(product: Product, folder: Path, seconds: int, seed: int) -> dict[str, list[str]]:
    known, ann, bob = prepare(product.base_url, folder)
    known.save(folder / "known.json")
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(configure(known, ann, bob, folder))),
        *("run", f"{product.base_url}/openapi.json"),
        *("--max-time", str(seconds), "--seed", str(seed), "--no-color"),
    ]
    environment = os.environ | {
        "PYTHONPATH": str(Path.cwd()),
        "PROBE_KNOWN": str(folder / "known.json"),
        "PROBE_TALLY": str(folder / "tally.json"),
    }
    code = subprocess.run(command, env=environment, check=False).returncode
    tally = json.loads((folder / "tally.json").read_text())
    _tell(tally)
    unwell = [] if product.is_ready() else ["/health/ready says no"]
    described = plain_http.get(f"{product.base_url}/openapi.json").json()["paths"]
    for client in (ann, bob):
        client.sign_in()
    left = amiss(product, [ann, bob])
    died = [line.get("reason", line["event"]) for line in deaths(product.log)]
    return {
        "schemathesis found nothing": [f"it ended with {code}"] if code else [],
        "every operation has succeeded": _never(described, tally["answered"]),
        "no answer of 5xx": _server_errors(product.log),
        "no exception in the log": tracebacks(product.log),
        "no decoder died": [reason for reason in died if not reason.startswith(OVERTIME)],
        "the product is well": unwell,
        "nothing left, `safelight verify` clean": left,
    }


def _tell(tally: dict[str, dict[str, int]]) -> None:
    """How often each operation gave each status, and what was excused."""
    print("\nAnswers")
    by_operation: dict[str, list[str]] = defaultdict(list)
    for key, count in sorted(tally["answered"].items()):
        operation, _, status = key.rpartition(" ")
        by_operation[operation].append(f"{status} × {count}")
    for operation, counts in sorted(by_operation.items()):
        print(f"  {operation:48} {', '.join(counts)}")
    print("Excused")
    for reason, count in sorted(tally["excused"].items()):
        print(f"  {count:5} {reason}")


def _never(described: dict[str, dict[str, Any]], answered: dict[str, int]) -> list[str]:
    """Operations whose answers were never looked at, since none was a success."""
    methods = [(path, method) for path, item in described.items() for method in item]
    told = {f"{method.upper()} {path}" for path, method in methods}
    succeeded = {key.rpartition(" ")[0] for key in answered if re.search(r" [23]\d\d$", key)}
    return sorted(told - succeeded)


def _server_errors(log: Path) -> list[str]:
    return [
        f"{line['method']} {line['path']}: {line['status']}"
        for line in lines(log)
        if line["event"] == "request" and line["status"] >= SERVER_ERRORS
    ]


if __name__ == "__main__":
    sys.exit(main())
