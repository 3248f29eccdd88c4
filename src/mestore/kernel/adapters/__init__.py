"""Adapters of the kernel's own needs."""
