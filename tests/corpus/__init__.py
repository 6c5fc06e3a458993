"""A folder of good, tricky and hostile pictures, and what the product makes of each."""

from tests.corpus.verdicts import Summary, Verdict, summary, verdicts

__all__ = ["Summary", "Verdict", "summary", "verdicts"]
