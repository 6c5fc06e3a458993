"""How long lists take at a thousand and at a million pictures: `python -m bench.lists`."""
