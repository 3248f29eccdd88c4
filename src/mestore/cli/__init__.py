"""The `mestore` command: one file per noun.

Owns no table; publishes and listens to nothing.
"""
