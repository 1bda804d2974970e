"""Why a workload waits in its queue: a check per subject, and what is said of it."""
