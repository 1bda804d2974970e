"""What a workload says of its checkpoints, and what a checkpoint is worth as a proof."""
