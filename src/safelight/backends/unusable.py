"""What is wrong on the machine that a part is to run on."""


class Unusable(Exception):
    """Something on this machine must be put right first; the text says what."""
