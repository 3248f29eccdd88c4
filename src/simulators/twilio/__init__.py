"""The Twilio simulator: takes SMS, keeps them for who asks, and fails on demand."""
