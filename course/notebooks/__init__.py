"""Keep the notebooks: execute, compare, translate, and take pictures."""
