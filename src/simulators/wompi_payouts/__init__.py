"""A simulator of Wompi's payouts ("Pagos a Terceros"): batches, lines and signed events."""
