"""Carrying a drain out, one guarded write at a time; going on with it, and taking it back."""
