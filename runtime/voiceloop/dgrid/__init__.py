"""The REST side of the backend: one module per family of endpoints, and the only door to httpx."""
