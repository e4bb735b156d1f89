from __future__ import annotations

import asyncio

import uvloop


def pytest_asyncio_loop_factories(config, item):
    """The socket is what touches the loop's transports, so its tests run on both loops."""
    if item.path.name.startswith(("test_socket", "test_tunnel", "test_realtime_over")):
        return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.SelectorEventLoop}
