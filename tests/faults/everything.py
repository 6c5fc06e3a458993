"""The one list of all faults, in the order in which they are done."""

from tests.faults import deletions, messages, processes, servers, tampering

FAULTS = [
    *processes.FAULTS,
    *servers.FAULTS,
    *tampering.FAULTS,
    *messages.FAULTS,
    *deletions.FAULTS,
]
