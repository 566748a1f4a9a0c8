"""The subcommands of `stancewire` that need no language model."""
