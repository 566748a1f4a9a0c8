"""From the corpora to the model's weights. Needs the extra `train`; nothing at run time imports it."""
