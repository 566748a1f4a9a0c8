"""The subcommands of `stancewire` that do not need the model."""
