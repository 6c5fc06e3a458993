"""Tests of where accounts are kept: one suite for every kind."""
