"""The state of a drain in the cluster: its ConfigMap, its Leases, what they are called."""
