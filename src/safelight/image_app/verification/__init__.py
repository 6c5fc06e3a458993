"""`safelight verify`: rows, objects and promises compared, and what can be is promised again."""

from safelight.image_app.verification.comparison import counts, differences
from safelight.image_app.verification.difference import Difference

__all__ = ["Difference", "counts", "differences"]
