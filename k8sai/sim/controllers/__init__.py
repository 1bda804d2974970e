"""The controllers of the embedded cluster: one file each, driven by the store's events."""
