"""Hand out the exercises and grade what comes back."""
