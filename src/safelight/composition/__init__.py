"""Where parts meet, and nowhere else: one file for each thing that can be started.

Each imports only what it starts, so the API never loads a codec, nor the processor a database.
"""
