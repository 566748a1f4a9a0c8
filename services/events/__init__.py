"""Events: what happened to articles and jobs, recorded in the transaction in which it happened, for webhooks."""
