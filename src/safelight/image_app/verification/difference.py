"""One thing that is not as it should be."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "original",  # its bytes are not there, or not those that came
    "made",  # what was made of an image is not there, or not as it was
    "job",  # something waits for a job of which nobody will hear
    "erasure",  # a deleted image that nobody will erase
    "stranger",  # an object of no image
    "foreign",  # an object that was not made here
    "usage",  # a wrong count
    "upload",  # one that was cut off
]

RESTORE = "restore it from a backup under this key, or delete the image"
LOOK = "its original can't be used: see to that first"
UNKNOWN = (
    "it may be a picture that somebody was promised: restore the database from a backup that knows "
    "it, or remove it by hand"
)
FOREIGN = "it was not made here: remove it by hand, or leave it"
STRANGE = "restore the rows of its account from a backup, or remove it by hand"


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, where, in words; and what its operator can do where promising again mends
    nothing. `remedy` is empty where it does.
    """

    kind: Kind
    where: str
    words: str
    remedy: str = ""
    account_id: str = ""
    image_id: str = ""
    key: str = ""
    """Of the object that differs, if it is one."""

    def __str__(self) -> str:
        return f"{self.where}: {self.words}"
