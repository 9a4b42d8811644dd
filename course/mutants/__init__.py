"""How many seeded faults the tests and notebooks notice, and which they do not."""
