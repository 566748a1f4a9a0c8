"""The ledger of jobs and the store of results: tables, migrations, transactions, queries and their delivery over HTTP."""
