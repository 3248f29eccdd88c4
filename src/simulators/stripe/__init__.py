"""A simulator of Stripe: PaymentIntents, refunds, disputes and signed events."""
