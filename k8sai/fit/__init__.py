"""Would a gang of pods start now, and where; what is short; what free GPUs nobody can use."""
