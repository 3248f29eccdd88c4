"""What the endpoints of commissions take and answer."""
