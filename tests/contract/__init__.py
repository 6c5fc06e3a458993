"""Tests of what the two apps agree on."""
