"""The recipe library: one dash-named folder per recipe, data only."""
