"""Payouts: what vendors earned, on its way to their bank accounts.

Owns the tables payout_accounts, payouts, payout_approvals, payout_batches, payout_events.
Publishes BankAccountChanged, PayoutRequested, PayoutPaid, PayoutReturned, PayoutSignalReceived;
listens to UserErased.
"""
