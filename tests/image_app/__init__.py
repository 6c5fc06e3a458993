"""Tests of the API without HTTP: real SQLite, real files, real keys."""
