"""Operations: whether the program and what it stands on are well.

Owns no table; publishes and listens to nothing.
"""
