"""A setup of Kueue that fits the nodes there are, and what is wrong with the one there is."""
