"""The language models that may write; only bootstrap names them."""
