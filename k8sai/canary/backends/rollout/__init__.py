"""Argo Rollouts: its own steps, walked from pause to pause."""
