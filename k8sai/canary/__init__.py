"""Rollouts of models as canaries: backends, the statistical gate, state in the cluster, the loop."""
