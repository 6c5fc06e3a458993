"""The one list of all faults, in the order in which they are done."""

from tests.faults import (
    clock,
    decoders,
    deletions,
    ends,
    files,
    messages,
    overload,
    processes,
    servers,
    storage,
    tampering,
)

FAULTS = [
    *processes.FAULTS,
    *decoders.FAULTS,
    *ends.FAULTS,
    *servers.FAULTS,
    *tampering.FAULTS,
    *messages.FAULTS,
    *deletions.FAULTS,
    *storage.FAULTS,
    *clock.FAULTS,
    *files.FAULTS,
    *overload.FAULTS,
]
