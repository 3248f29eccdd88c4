"""The settings of the language model that words proposals."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from mestore.settings.addresses import address


class WritingSettings(BaseSettings):
    """Where a model is that speaks OpenAI's chat completions; without one the rules word alone."""

    llm_base_url: str | None = None
    llm_api_key: SecretStr | None = None
    llm_model: str | None = None
    llm_timeout: Annotated[float, Field(gt=0, le=60)] = 10.0

    @field_validator("llm_base_url")
    @classmethod
    def check_llm_address(cls, value: str | None) -> str | None:
        """Refuse what is no http address; a slash at the end is dropped."""
        return address(value)

    def problems_of_writing(self) -> list[str]:
        """Return what production refuses."""
        found = []
        if bool(self.llm_base_url) != bool(self.llm_model):
            found.append("LLM_*: set base address and model, or none of them")
        if self.llm_api_key and (self.llm_base_url or "").startswith("http://"):
            found.append("LLM_BASE_URL: set an https address; the key would travel in the open")
        return found
