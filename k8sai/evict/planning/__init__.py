"""What a drain would do, in which order, at what loss, and what stands in its way. Writes nothing."""
