"""Queues of schedulers that are not Kueue: KAI and Volcano, read only."""
