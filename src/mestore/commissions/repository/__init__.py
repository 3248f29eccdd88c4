"""SQL that writes commissions, rules and plans; one file a subject."""
