"""What `scripts/bench` runs: one module per part, the load server and the contestants."""
