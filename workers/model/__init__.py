"""The trained model at run time: the network that scores words, and the decoders of its scores."""

import os

# onnxruntime 1.29 and later send telemetry unless this is set before the import. Nothing may leave the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
