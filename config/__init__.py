"""The ground: settings, logs, stores, sealing keys and the embedded server."""
