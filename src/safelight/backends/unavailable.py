"""What the servers and disks that messages need raise when they are away or full."""


class Unavailable(Exception):
    """It can't do it now, through no fault of what was asked: ask again later."""


def is_unavailable(error: BaseException) -> bool:
    """Whether nothing but this is wrong; of a group, with each of its members."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_unavailable(member) for member in error.exceptions)
    return isinstance(error, Unavailable)
