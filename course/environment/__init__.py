"""What a command's process is started with, and what is installed for it."""
