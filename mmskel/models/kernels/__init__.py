"""Functions with a backward pass of their own, each for one system."""
