"""``stancewire bench``: the throughput of the whole service and of its bare pipeline, on the same cores in one run.

Rounds of both alternate, since the speed of a machine drifts. Single pushes that measure latency come afterwards, in
feeds of their own, and count for no rate.
"""
