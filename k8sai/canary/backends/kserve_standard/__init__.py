"""InferenceServices of KServe in Standard mode."""
