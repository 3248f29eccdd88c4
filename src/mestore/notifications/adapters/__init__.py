"""Ways to deliver mails."""
