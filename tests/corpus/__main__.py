"""`make corpus`: every file of a corpus through the started product, in both modes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.canary import Canary
from tests.client import Client
from tests.corpus.verdicts import SLOWEST, Verdict, summary, verdicts
from tests.logbook import OVERTIME, deaths, tracebacks
from tests.memory import Peak
from tests.modes import MODES, started
from tests.remains import amiss

CANARY = 18099
"""The port of this machine to which some files of the corpus point."""


def run(folder: Path, mode: str) -> tuple[int, int]:
    """Print the table of one mode; how many things were right, and how many were not."""
    with started(mode, SAFELIGHT_LOG_LEVEL="warning") as product:
        with (
            Client(product.base_url) as client,
            Peak(product) as peak,
            Canary(CANARY) as canary,
        ):
            client.sign_up()
            found = verdicts(client, folder)
            lasting = amiss(product, [client])
        dead, raised = deaths(product.log), tracebacks(product.log)
    _print(found)
    total = summary(found)
    print(f"{mode}: {total.words()}")
    print(f"{mode}: most memory: {peak.words()}")
    checks = {
        "every verdict in time": [total.slowest.name] if total.slowest.seconds > SLOWEST else [],
        "no decoder died": [str(line) for line in dead if not _is_overtime(line)],
        "no exception in the log": raised,
        "nobody was called": [str(call) for call in canary.calls],
        "nothing left, `safelight verify` clean": lasting,
    }
    for what, wrong in checks.items():
        print(f"{mode}: {what}: {'; '.join(wrong[:10]) or 'right'}")
    failed = total.of - total.right + sum(1 for wrong in checks.values() if wrong)
    return total.of + len(checks) - failed, failed


def _is_overtime(death: dict[str, Any]) -> bool:
    """The verdict tells what came of that."""
    return str(death.get("reason")).startswith(OVERTIME)


def _print(found: Sequence[Verdict]) -> None:
    width = max(len(v.name) for v in found)
    for v in found:
        seconds = f"{v.seconds:5.1f} s"
        print(f"{v.name:{width}}  {v.expected:38}  {v.got:34}  {seconds}  {v.wrong or 'right'}")


def main(folder: Path) -> int:
    if not (folder / "manifest.json").is_file():
        print(f"There is no corpus in {folder}: say where it is with DIR=", file=sys.stderr)
        return 2
    passed = failed = 0
    for mode in MODES:
        right, wrong = run(folder, mode)
        passed, failed = passed + right, failed + wrong
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
