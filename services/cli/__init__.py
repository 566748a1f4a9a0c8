"""The command line `stancewire`."""
