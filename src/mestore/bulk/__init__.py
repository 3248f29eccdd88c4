"""Bulk: products and stock in files, taken in by background jobs and given out in the same form.

Owns the tables bulk_jobs, bulk_issues, bulk_pictures. Publishes nothing; listens to UserErased.
"""
