"""Download what the hub source needs, and mirror a Hub for a room."""
