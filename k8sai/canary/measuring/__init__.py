"""From Prometheus to counts of requests: queries, windows, the split."""
