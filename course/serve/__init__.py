"""Serve pages on this machine: JupyterLab, live slides, the demo."""
