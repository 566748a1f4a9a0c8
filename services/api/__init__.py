"""The REST interface: routes, middleware, schemas and problem documents. HTTP only; use cases do the work."""
