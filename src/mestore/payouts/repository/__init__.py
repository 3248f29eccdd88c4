"""The statements that write payouts, a file each table."""
