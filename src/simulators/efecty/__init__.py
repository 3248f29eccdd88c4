"""A stand-in for Efecty's network: counters that take cash for an agreement, and its files."""
