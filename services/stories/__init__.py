"""Stories: which articles are copies of each other, and the state of each copy."""
