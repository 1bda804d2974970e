"""Draining GPU nodes: a training gang is asked for a checkpoint, the checkpoint is proven, then the gang stops once."""
