"""Models on this machine: the embedded DGrid-compatible gateway and the services of the device tier."""
