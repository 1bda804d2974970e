"""A set of objects on its way into a cluster: plan, differences, apply in phases, wait, prune, delete."""
