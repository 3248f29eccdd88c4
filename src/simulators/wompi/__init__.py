"""The Wompi Colombia simulator: payments, bank page, signed events and faults on demand."""
