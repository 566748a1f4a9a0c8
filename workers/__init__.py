"""Stancewire's workers: the language pipeline, the processes that run it, and the code that trains and measures it."""
