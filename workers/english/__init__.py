"""Everything specific to English: word lists, lemmas, phrases, negation, name forms, and the gazetteer."""
