"""The processor: a message in, objects out, a message back; keeps nothing, knows no account."""
