"""Rollouts for people and for programs."""
