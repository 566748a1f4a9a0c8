"""Actions shared by routes, console pages and commands: a store operation and everything that has to follow it."""
