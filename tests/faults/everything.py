"""The one list of all faults, in the order in which they are done."""

from tests.faults import processes, servers

FAULTS = [*processes.FAULTS, *servers.FAULTS]
