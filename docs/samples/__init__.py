"""Small pictures for the documentation, made by the product itself."""
