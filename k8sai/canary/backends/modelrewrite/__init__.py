"""Model rewrites: two models in the same pods."""
