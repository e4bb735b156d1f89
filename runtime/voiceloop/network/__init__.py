"""The way to a server: which proxy stands in between, which certificates are trusted, and our own certificate."""
