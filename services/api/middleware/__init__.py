"""ASGI middleware, one concern per module; `services.application` lists the order."""
