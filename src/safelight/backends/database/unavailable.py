"""What all databases raise when they can't."""

from safelight.backends.unavailable import Unavailable


class DatabaseUnavailable(Unavailable):
    """The database can't do it now; what was being written did not happen."""
