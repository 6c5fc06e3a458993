"""What is made of one picture: variants of its own, and all of them anew."""
