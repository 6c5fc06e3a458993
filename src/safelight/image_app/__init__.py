"""The HTTP API: owns the database, never touches a pixel."""
