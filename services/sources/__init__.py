"""Sources of feeds other than pushes with a key: signed pushes, polled addresses, and hubs (WebSub)."""
