"""What Kueue would do with a workload now: flavors, quota, preemption, topology."""
