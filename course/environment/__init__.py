"""The environment of each command: its variables and its packages."""
