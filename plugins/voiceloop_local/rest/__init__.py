"""The REST families of the embedded gateway, one module each."""
