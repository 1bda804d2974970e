"""The ways to ask a gang for a checkpoint, one file each."""
