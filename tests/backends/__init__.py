"""Tests of the outside world: one suite for each port, every backend a parameter."""
