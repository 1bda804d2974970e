"""Routes that share requests out by weight: HTTPRoutes and VirtualServices."""
