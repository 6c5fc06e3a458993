"""Tests of how pictures are rendered while somebody waits."""
