"""Whether it lives, and whether it can work."""
