"""Topics that operators register: what statements are about besides people and things, and the claim that "support" means."""
