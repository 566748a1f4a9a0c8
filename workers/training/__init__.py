"""How the weights are made: corpora in, one model file and its card out. Needs the extra ``train``; no worker imports it."""
