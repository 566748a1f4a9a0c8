"""A worker host loads for its children before it forks them."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import gc, os, sys, threading
from workers.host.preload import preload
preload()
from workers.english import gazetteer
from workers.text import languages
loaded = (languages.load_detector, gazetteer.longest_place_names, gazetteer.peoples, gazetteer.government_names)
assert gc.get_freeze_count() > 100_000
assert threading.active_count() == 1
child = os.fork()
if not child:
    is_complete = all(function.cache_info().currsize == 1 for function in loaded)
    is_complete &= {"workers.host.article_reader", "workers.pipeline.pipeline", "spacy"} <= sys.modules.keys()
    os._exit(0 if is_complete and languages.load_detector().classify("The mayor said no.")[0] == "en" else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_child_finds_pipeline_detector_and_place_names_loaded() -> None:
    completed = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=120)
    assert completed.returncode == 0, completed.stderr
