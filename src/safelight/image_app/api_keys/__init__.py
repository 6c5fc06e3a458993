"""Keys by which programs come in an account's name."""
