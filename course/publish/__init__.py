"""Publish the notebooks: slides and a website."""
