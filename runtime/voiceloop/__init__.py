"""An asyncio runtime for realtime voice agents."""
