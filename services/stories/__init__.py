"""Stories: which articles are copies of each other, and what became of each copy."""
