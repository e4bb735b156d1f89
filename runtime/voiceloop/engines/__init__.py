"""What listens and answers."""
