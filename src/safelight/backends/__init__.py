"""The outside world: databases, object stores, caches, brokers, each chosen by its URL."""
