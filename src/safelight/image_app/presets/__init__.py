"""Named transformations."""
