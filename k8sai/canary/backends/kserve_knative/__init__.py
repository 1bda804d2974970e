"""InferenceServices of KServe in Knative mode."""
