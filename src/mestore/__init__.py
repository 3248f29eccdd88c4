"""MeStore: a multi-vendor marketplace backend for Colombia."""
