"""GPUs: who holds what, what is free, pending, unhealthy. Pure: facts in, answers out."""
