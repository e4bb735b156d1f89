"""From the session's samples to what a server takes, and back: other encodings and, where it must be, other rates.

A session speaks 16-bit PCM at one rate. A server that does not know the format it was asked for may answer with one of
its own (a G.711 call to a server of pcm16 only), which is converted here.
"""

from __future__ import annotations

from collections.abc import Callable

from voiceloop.vocabulary import AudioFormat, Encoding

__all__ = ["decoder", "encoder"]


def encoder(rate_hz: int, form: AudioFormat) -> Callable[[bytes], bytes] | None:
    """Make what turns the session's PCM into `form`; None when it is that already."""
    compress = _g711(form, "encode")
    if form.rate_hz == rate_hz:
        return compress
    from voiceloop.audio.resample import Resampler  # noqa: PLC0415 - numpy only where a server has a rate of its own

    resample = Resampler(rate_hz, form.rate_hz).feed
    return resample if compress is None else lambda pcm: compress(resample(pcm))


def decoder(form: AudioFormat, rate_hz: int) -> Callable[[str, bytes], bytes] | None:
    """Make what turns a received item's `form` into the session's PCM; None when it is that already.

    With another rate, up to 3 ms of each item's end are held back and dropped, so that none of it ever sounds in the
    item after it.
    """
    expand = _g711(form, "decode")
    if form.rate_hz == rate_hz:
        return None if expand is None else lambda _, audio: expand(audio)
    from voiceloop.audio.resample import Resampler  # noqa: PLC0415

    current, resampler = "", Resampler(form.rate_hz, rate_hz)

    def decode(item_id: str, audio: bytes) -> bytes:
        nonlocal current, resampler
        if item_id != current:
            current, resampler = item_id, Resampler(form.rate_hz, rate_hz)
        return resampler.feed(audio if expand is None else expand(audio))

    return decode


def _g711(form: AudioFormat, way: str) -> Callable[[bytes], bytes] | None:
    if form.encoding is Encoding.PCM16:
        return None
    from voiceloop.audio import g711  # noqa: PLC0415 - numpy only where G.711 is spoken

    code = g711.encode if way == "encode" else g711.decode
    return lambda audio: code(audio, form.encoding)
