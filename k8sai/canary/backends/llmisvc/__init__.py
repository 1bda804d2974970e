"""LLMInferenceServices of KServe in a routing group."""
