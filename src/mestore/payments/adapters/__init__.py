"""One file per payment provider, and one for its wire format; only bootstrap names them."""
