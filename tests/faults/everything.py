"""The one list of all faults, in the order in which they are done."""

from tests.faults import clock, decoders, ends, overload, processes

FAULTS = [
    *processes.FAULTS,
    *decoders.FAULTS,
    *ends.FAULTS,
    *clock.FAULTS,
    *overload.FAULTS,
]
