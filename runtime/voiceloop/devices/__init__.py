"""What hears and sounds on this machine."""
