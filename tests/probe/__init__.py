"""`make probe`: everything that the API says of itself, asked."""
