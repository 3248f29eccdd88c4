"""What rooms tell each other and themselves: frozen facts and tasks that travel as JSON."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in the past tense. Zero or more rooms react to it."""


@dataclass(frozen=True, slots=True)
class Task:
    """An order to a worker, in the imperative. Exactly one handler carries it out."""


Message = Event | Task
