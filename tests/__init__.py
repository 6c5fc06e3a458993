"""Tests of the parts mirror the tree; `journeys` are whole stories over HTTP."""
