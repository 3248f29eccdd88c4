"""Pricing: the IVA of a line. Owns no table; publishes and listens to nothing."""
