"""Benchmarks of the product in parts, on real servers."""
