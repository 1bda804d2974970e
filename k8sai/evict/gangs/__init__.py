"""Pods to the gangs they belong to, one file per kind of owner: all its pods, and the switch that stops it."""
