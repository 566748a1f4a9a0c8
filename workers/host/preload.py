"""Loads code and tables that all children of a worker host read and none changes, once, before they are forked.

A child shares the memory of its parent until one of them writes to it, and it starts without loading this itself. The
model is not part of it: a session of onnxruntime does not survive a fork.
"""

from __future__ import annotations

import gc


def preload() -> None:
    """Import the pipeline, and load the language detector and the names of places, 74 MB and 5 MB."""
    import workers.host.article_reader
    import workers.pipeline.pipeline  # noqa: F401 -- only to have them imported
    from workers.english import gazetteer
    from workers.text import languages

    languages.load_detector()
    gazetteer.longest_place_names()
    gazetteer.peoples()
    gazetteer.government_names()
    gc.collect()
    gc.freeze()  # the collector of a child would write to each object, and so copy its page
