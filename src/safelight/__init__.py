"""Safelight, a self-hosted photo platform."""
