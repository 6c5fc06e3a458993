"""Whole stories over HTTP against a started product."""
