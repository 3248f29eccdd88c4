"""Reading commissions, rules and plans, and what rules ask of the marketplace; read-only."""
