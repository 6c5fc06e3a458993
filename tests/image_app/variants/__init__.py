"""Variants that clients ask for."""
