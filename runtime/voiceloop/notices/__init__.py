"""What the listener hears of waiting and of trouble when no engine speaks: built-in sounds and when to play them."""
