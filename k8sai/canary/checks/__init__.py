"""What is looked at before and during a rollout: room, quota, who else writes, rights."""
