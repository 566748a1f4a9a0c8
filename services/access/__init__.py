"""Who may do what: keys, scopes and feeds, checked before a body is read, and the record of what administrators did."""
