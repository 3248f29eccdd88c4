"""Who words proposals: a language model, where one is set up."""

from mestore.bootstrap.clients import Clients
from mestore.insights.adapters.chat import ChatWriter
from mestore.insights.ports import Writer
from mestore.kernel.breaker import Breaker
from mestore.settings import Settings


def proposal_writer(settings: Settings, clients: Clients, breaker: Breaker) -> Writer | None:
    """Return the writer that the settings name; None without a base address and a model."""
    if not (settings.llm_base_url and settings.llm_model):
        return None
    key = settings.llm_api_key
    return ChatWriter(
        clients.open(total_seconds=settings.llm_timeout),
        breaker,
        base_url=settings.llm_base_url,
        key=key.get_secret_value() if key else None,
        model=settings.llm_model,
        seconds=settings.llm_timeout,
    )
