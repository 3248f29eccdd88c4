"""The rules that make proposals: one function a subject, from a comparison to ideas."""
