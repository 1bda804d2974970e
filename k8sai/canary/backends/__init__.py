"""One file per way to split traffic between two versions."""
