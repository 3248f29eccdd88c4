"""Stand-ins for the outside services the shop talks to: real HTTP servers for demo and tests."""
