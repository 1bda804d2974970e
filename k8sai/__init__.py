"""k8sai: where every GPU of a cluster is, who holds it and what is free."""

__version__ = "0.1.0"
