"""What privacy refuses."""

from mestore.kernel.errors import Invalid


class OwnDataAreJson(Invalid):
    """A person's own data are too nested for a table."""

    en = "Your own data come as JSON: leave format out, or send format=json."
    es = "Tus propios datos salen en JSON: omite format o envía format=json."
