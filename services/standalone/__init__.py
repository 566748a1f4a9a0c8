"""`stancewire up`: every process on one machine under one parent."""
