"""Privacy: what the marketplace knows of a person, written out for them (Ley 1581 de 2012, art. 8).

Owns no table: reads those of other rooms. Publishes and listens to nothing.
"""
