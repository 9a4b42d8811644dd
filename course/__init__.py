"""The commands of the course: `python -m course` lists them."""
