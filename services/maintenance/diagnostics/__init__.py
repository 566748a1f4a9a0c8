"""The checks behind `stancewire doctor` and the health commands."""
