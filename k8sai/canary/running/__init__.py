"""What a rollout does next, and the loop that does it."""
