"""An engine made of requests: recognition, a chat model and speech, one after the other and overlapping."""
