"""What insights refuse."""

from mestore.kernel.errors import Unavailable


class WriterUnavailable(Unavailable):
    """The language model did not answer in time, or not what was asked."""

    en = "The language model does not answer. The proposals do without it."
    es = "El modelo de lenguaje no responde. Las propuestas prescinden de él."
