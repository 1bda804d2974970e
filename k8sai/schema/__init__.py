"""The shape of Kubernetes objects: list types and merge keys, structural schemas, owners of fields."""
