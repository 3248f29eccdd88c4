"""Refunds: money that goes back to who paid it, and the ends of money that had no order.

Owns the tables refunds, refund_lines.
Publishes OrderRefunded; listens to RefundSignalReceived, ReviewDecided and UserErased.
"""
