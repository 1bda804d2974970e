"""A cluster in one file: what is kept of it, redacting names, the difference of two."""
