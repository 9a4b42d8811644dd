"""The course's own recipes of `python -m course speedrun`: copy one and change it."""
