"""Topics that operators register: targets of stances other than entities, and the claim that "support" means."""
