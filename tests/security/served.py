"""The program of the environment, as a server wants it named; its tables are there already."""

from mestore.main import from_environment

app = from_environment()
