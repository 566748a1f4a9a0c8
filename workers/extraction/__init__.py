"""From a text to who said what: spaCy components, one stage a module, each replaceable by a trained one of the same name."""
