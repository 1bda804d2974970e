"""Kueue: quota as a sum that adds up, why a workload waits, and what a change would do."""
