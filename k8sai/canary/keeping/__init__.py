"""A rollout's state in the cluster: two ConfigMaps and a Lease, beside the target and never on it."""
