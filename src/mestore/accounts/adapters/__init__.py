"""How accounts speak to the outside; named by bootstrap only."""
