"""Every SQL statement that writes stock: levels, those who wait, places."""
