"""Clusters to start from, one YAML file each."""
