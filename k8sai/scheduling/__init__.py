"""Where a pod may go: pure predicates and scores of the scheduler, the device allocator, preemption."""
