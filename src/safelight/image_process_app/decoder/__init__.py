"""The locked room: child processes in which hostile bytes are opened, and the way to them."""
