"""What the JSON API of outside sign-in takes and answers."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StrictBool

from mestore.accounts.schemas.sign_in import Input
from mestore.accounts.types import Line, checked_acceptance

RedirectUri = Annotated[Line, Field(min_length=1, max_length=500)]


class ExternalCallbackIn(Input):
    """What the browser came back with. A first sign-in accepts the terms, as registering does."""

    code: Annotated[Line, Field(min_length=1, max_length=4000, repr=False)]
    state: Annotated[Line, Field(min_length=1, max_length=200, repr=False)]
    redirect_uri: RedirectUri
    accept_terms: Annotated[StrictBool, AfterValidator(checked_acceptance)] = True


class ProvidersOut(BaseModel):
    """The names of the outside providers that sign people in."""

    providers: list[str]
