"""The server side of the realtime websocket protocol, in its beta and GA dialects.

Pure parts: `checks`, `config`, `beta`, `ga`, `items`, `conversation`, `buffer`, `reply`, `words`, `usage`. The rest
moves bytes: `session` reads a socket and owns its tasks, `turns`, `replies` and `desk` answer client events.
"""
