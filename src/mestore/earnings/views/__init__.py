"""Reads of earnings over the tables of the rooms below; they change nothing."""
