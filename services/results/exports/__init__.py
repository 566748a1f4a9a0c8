"""Results in the formats of other tools: W3C Web Annotation, displaCy, CoNLL-U Plus and spaCy's DocBin."""
