"""What insights does: recommends, counts by day, and proposes."""
