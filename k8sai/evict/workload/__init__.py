"""The side of the workload: one file that trainers copy."""
