"""What stops a gang and starts it again: the next write from what there is now, one file per kind of switch, pure."""
