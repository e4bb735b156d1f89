"""Public fakes for anyone who builds on voiceloop."""
