"""Numbers in, numbers out: formats, resampling, voice activity and the playback ledger, without I/O."""
