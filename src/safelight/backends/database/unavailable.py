"""What all databases raise when they can't."""


class DatabaseUnavailable(Exception):
    """The database can't do it now; what was being written did not happen."""
