"""What a command keeps in the cluster while it works: a state as text, and the Lease that says who goes on with it."""
