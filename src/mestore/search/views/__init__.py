"""Reading search: a bounded number of rows in each statement."""
