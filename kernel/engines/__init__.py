"""Floor 2: what we stand on: PostgreSQL, the bus, the cache, files. Imports base only."""
