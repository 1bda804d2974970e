"""The embedded cluster: an API server with controllers, in one process."""
