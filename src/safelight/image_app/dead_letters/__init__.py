"""What could not be handled: kept, looked into, sent again."""
