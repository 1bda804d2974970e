"""What is wrong with manifests and recipes before a cluster is asked: one subject a file, a function a rule."""
