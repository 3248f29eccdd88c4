"""Commissions: what the operator earns on each order line, and the rules that decide it.

Owns the tables commissions, commission_rulebook, commission_rules, commission_plans,
commission_plan_vendors. Publishes nothing; listens to nothing.
"""
