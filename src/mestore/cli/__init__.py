"""The `mestore` command: one file per noun.

Owns no table; publishes and listens to nothing.
"""

from mestore.kernel import memory

# Here, because what follows loads the whole program: looking for garbage took a fifth of that.
memory.look_seldom()
