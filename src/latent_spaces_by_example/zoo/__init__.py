"""Models with their objectives: each a plugin like any other."""
