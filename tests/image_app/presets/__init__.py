"""Presets of accounts."""
