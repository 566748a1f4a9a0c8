"""Named entities: by rule, by the trained model, or by an installed spaCy package."""
