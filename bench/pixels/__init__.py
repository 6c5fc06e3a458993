"""Pixels, measured: the product beside Pillow and sharp, pinned to one core, in one run."""
