"""The subcommands of `stancewire` that need no model."""
