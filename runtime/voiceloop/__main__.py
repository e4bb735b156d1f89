"""Run `python -m voiceloop`."""

from voiceloop.cli import main

main()
