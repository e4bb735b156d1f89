"""What a cascade is made of: recognition, a chat model and speech, over REST or on this machine."""
