"""Knative Services: revisions and their shares."""
