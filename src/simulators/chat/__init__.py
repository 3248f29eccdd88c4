"""The chat simulator: answers chat completions with what it was told to, and fails on demand."""
