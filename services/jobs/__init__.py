"""The ledger: accepting articles, leases, the dispatch window, actions on jobs, and queries."""
