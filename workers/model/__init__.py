"""The trained model at run time: words in, scores of every head out, and the decoding of those scores."""

import os

# From 1.29 on, onnxruntime sends telemetry unless this is set before it is imported. Nothing may leave the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
