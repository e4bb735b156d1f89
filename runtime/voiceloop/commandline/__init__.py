"""One module for each command of `voiceloop`; each is imported when its command runs."""
