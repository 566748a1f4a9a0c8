"""The console: HTML pages for operators and analysts, rendered on the server."""
