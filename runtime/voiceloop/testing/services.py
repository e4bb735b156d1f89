"""The services of a cascade from a script: recognition, chat and speech in memory, on any loop, in stated times.

    services = ScriptedServices(beside=gateway)
    engine = services.engine(Tier.REST)
    ...
    services.break_("speak", how=refusal(500))
    services.drop()

They share words, replies and voice with the gateway. They can stand for models on the machine as well, which is said by
the engine's tier. Then they lose their voice, and what they were asked just now is lost too.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import HANGOVER_MS, CascadeEngine
from voiceloop.engines.cascade.orders import Deadlines
from voiceloop.engines.services.seams import Services
from voiceloop.errors import MisuseError
from voiceloop.testing.answers import Answers
from voiceloop.testing.brain import Brain
from voiceloop.testing.faults import Refuse
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_items import Counters
from voiceloop.testing.gateway_words import Words
from voiceloop.testing.numbers import Run
from voiceloop.testing.script import Reply, Stall, Vanish
from voiceloop.testing.service_faults import Endpoint, ServiceFault
from voiceloop.testing.service_log import Asked, Ending, Purpose, Recognition, Sentence, Writing, outputs_missing
from voiceloop.testing.service_requests import Requests, now_s
from voiceloop.testing.service_seams import ScriptedSeams, ServiceTimes
from voiceloop.vocabulary import Item, Tier

__all__ = ["ScriptedServices"]

REFUSED = Refuse()


class ScriptedServices:
    """The script, and everything that was asked. An engine takes it in place of services: `CascadeEngine(services)`.

    `replies` answer in order, then `brain` or else `default` for ever; what they say and call counts, with their times,
    `pace` and `delta_ms`. `beside` another server all this is the other's, and so are the words of the user's speech
    and the numbers of the agent's. Numbered samples say what `will_hear` told of them; where nothing was told, sound
    says "hello". With `listens` the chat model takes the speech itself. `seed` decides about faults, see `break_`.
    """

    def __init__(
        self,
        *replies: Reply,
        default: Reply | None = None,
        brain: Brain | None = None,
        beside: ScriptedGateway | ScriptedServices | None = None,
        listens: bool = False,
        times: ServiceTimes | None = None,
        seed: int = 0,
    ) -> None:
        if beside is not None and (replies or default or brain):
            raise MisuseError("servers beside each other share one script: give it to the first of them")
        self.answers: Answers = Answers(replies, default, brain) if beside is None else beside.answers
        self.words: Words = Words() if beside is None else beside.words
        self.counters: Counters = Counters() if beside is None else beside.counters
        self.times = times or ServiceTimes()
        """How long everything takes."""
        self._listens = listens
        self._requests = Requests(seed)
        self.seams = ScriptedSeams(self._requests, self.answers, self.words, self.counters, self.times)
        """What answers: for those who ask without an engine."""

    # The script ------------------------------------------------------------------------------------------------------

    def will_reply(self, *replies: Reply) -> None:
        """Add replies after those already waiting."""
        self.answers.add(*replies)

    def will_hear(self, run: Run, text: str) -> None:
        """These numbered samples say this, to the word: `will_hear(line.say(900), "hello you")`."""
        self.words.know(run, text)

    def break_(
        self,
        *endpoints: Endpoint,
        how: ServiceFault = REFUSED,
        times: int | None = None,
        for_s: float | None = None,
        share: float = 1.0,
    ) -> None:
        """From now on requests to these endpoints, or to all, fail so, until `mend`.

        `times`: only the next so many; `for_s`: only for so long; `share`: only so many of all, by chance. `Stall` and
        `Vanish` strike in the middle of the answer. Raised is what is raised once a client's own repeats are over.
        """
        for_s = how.for_s if for_s is None and isinstance(how, Refuse) else for_s
        until_s = None if for_s is None else now_s() + for_s
        self._requests.faults.begin(endpoints, how, times=times, until_s=until_s, share=share)

    def mend(self, *endpoints: Endpoint) -> None:
        """Requests to these endpoints, or to all, are answered again."""
        self._requests.faults.end(endpoints)

    def drop(self, *endpoints: Endpoint) -> None:
        """Break the connections of what is under way at these endpoints, or at all."""
        self._requests.strike(endpoints, Vanish())

    def freeze(self, *endpoints: Endpoint) -> None:
        """What is under way at these endpoints, or at all, brings nothing more, and nobody is told."""
        self._requests.strike(endpoints, Stall())

    # What an engine takes --------------------------------------------------------------------------------------------

    def engine(
        self,
        tier: Tier = Tier.REST,
        *,
        hangover_ms: int = HANGOVER_MS,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
    ) -> CascadeEngine:
        """An engine of these services: `Session(agent, engine=services.engine())`.

        Where another tier can go on, a session's own REST engine has `Deadlines.hurried()`.
        """
        return CascadeEngine(self, tier=tier, hangover_ms=hangover_ms, deadlines=deadlines)

    @property
    def services(self) -> Services:
        """The three seams, ready made."""
        seams = self.seams
        if self._listens:
            return Services(None, seams.chat, seams.speak, "scripted-chat")
        return Services(seams.transcribe, seams.chat, seams.speak, "scripted-chat", "scripted-ears")

    @contextlib.asynccontextmanager
    async def __call__(self, seed: Seed) -> AsyncIterator[Services]:
        """Ask for the list of models, as REST services are opened; raises BackendError when that fails."""
        await self.seams.list_models()
        yield self.services

    # What the services were asked ------------------------------------------------------------------------------------

    @property
    def asked(self) -> list[Asked]:
        """Every request, in order, failed ones too."""
        return self._requests.asked

    @property
    def recognitions(self) -> list[Recognition]:
        """What was to be recognised of the conversation; what an engine only rehearsed is in `asked` alone."""
        return [asked for asked in self._of_conversation if isinstance(asked, Recognition)]

    @property
    def questions(self) -> list[Writing]:
        """What the chat model was asked in the conversation."""
        return [asked for asked in self._of_conversation if isinstance(asked, Writing)]

    @property
    def sentences(self) -> list[Sentence]:
        """What was to be said in the conversation."""
        return [asked for asked in self._of_conversation if isinstance(asked, Sentence)]

    @property
    def rehearsals(self) -> list[Asked]:
        """What an engine tried before it was used again."""
        return [asked for asked in self.asked if asked.purpose is Purpose.REHEARSAL]

    @property
    def _of_conversation(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.purpose is Purpose.CONVERSATION]

    @property
    def history(self) -> tuple[Item, ...]:
        """The conversation as the chat model was shown it last; its answer is not yet in it."""
        return tuple(self.questions[-1].question.items) if self.questions else ()

    def assert_complete(self) -> None:
        """AssertionError unless all replies were asked for, nothing is under way and each call shown has one output."""
        left = [f"{self.answers.left} replies to come"] if self.answers.left else []
        left += [f"under way: {asked.endpoint}" for asked in self.asked if asked.ending is Ending.OPEN]
        left += [wrong for asked in self.questions for wrong in outputs_missing(asked.question.items)]
        if left:
            raise AssertionError(f"{'; '.join(left)}; asked: {self.summary()}")

    def summary(self) -> str:
        """Endpoints and what became of the requests, in order."""
        return ", ".join(f"{asked.endpoint} {asked.ending}" for asked in self.asked)

    async def until(self, condition: Callable[[], object], within_s: float = 5.0) -> None:
        """Wait for something that a request's beginning or ending makes true; TimeoutError else."""
        await self._requests.until(condition, within_s)
