"""Tests of giving bytes out."""
