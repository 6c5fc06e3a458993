"""Tests of taking pictures in."""
