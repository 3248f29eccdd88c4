"""An empty FastAPI program: what the framework and the server alone allow."""

from fastapi import FastAPI

app = FastAPI()


# Without a response model, as if the function had no annotation.
@app.get("/", response_model=None)
async def empty() -> dict[str, str]:
    """Answer nothing."""
    return {}


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the program runs."""
    return {}
