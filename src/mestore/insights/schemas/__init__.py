"""What the endpoints of insights answer."""
