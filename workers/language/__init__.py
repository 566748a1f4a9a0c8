"""The trained model: words in, scores for every head out; what the scores mean is decoded here, and nothing is learned."""

import os

# onnxruntime reports to its makers what it runs, from 1.29 on, unless this is set before it is imported: nothing is to leave the
# machine, nor to be written beside the service's own folders.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
