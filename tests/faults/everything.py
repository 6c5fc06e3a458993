"""The one list of all faults, in the order in which they are done."""

from tests.faults import clock, decoders, ends, files, overload, processes, storage

FAULTS = [
    *processes.FAULTS,
    *decoders.FAULTS,
    *ends.FAULTS,
    *storage.FAULTS,
    *clock.FAULTS,
    *files.FAULTS,
    *overload.FAULTS,
]
