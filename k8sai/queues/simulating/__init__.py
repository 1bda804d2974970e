"""What Kueue would do with a workload that is not there yet, and what a change would do."""
