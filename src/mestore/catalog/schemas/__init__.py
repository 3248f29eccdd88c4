"""What the JSON API of the catalogue takes and answers."""
