"""`safelight doctor`: everything that the product needs, looked at from beside it."""
