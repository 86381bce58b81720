import json
import signal
import sys
from argparse import SUPPRESS
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from seedbox.config.demo.failure import DemoFailed
from seedbox.config.demo.interrupts import STOP_NOW
from seedbox.config.demo.play import Play
from seedbox.config.demo.record import Recorder, has_ended
from seedbox.config.demo.screen import Screen, table
from seedbox.config.demo.stage import Stage, on_stage
from seedbox.config.demo.story import ALL_STOPPED, BOTH_STOP, DONE, FAILED, REFUSED, STOPPED, STOPPED_EARLY, Story
from seedbox.domain.kept import kept, told

INTERRUPTED = 130
DOOR = "    the {name}'s box: {url}  sign in as {person} with the password {password}"


class Command(BaseCommand):
    help = "See a slow torrent speed up by itself: two boxes of their own, on this machine, for about three minutes."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--keep-open", action="store_true", help="let both boxes run at the end, until Ctrl-C")
        parser.add_argument(
            "--by-hand", action="store_true", help="set everything up, and turn bidding on yourself in the browser"
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="end with the figures as JSON")
        parser.add_argument("--for-page", action="store_true", help=SUPPRESS)  # started by one, which reads along

    def handle(self, *, keep_open: bool, by_hand: bool, as_json: bool, for_page: bool, **options: Any) -> None:
        for number in STOP_NOW:
            signal.signal(number, signal.default_int_handler)
        story = Story()
        try:
            story.listeners = [Recorder(settings.DATA_DIR) if for_page else Screen(sys.stdout)]
            is_over = partial(has_ended, sys.stdin) if for_page else lambda: False
            with on_stage(story, is_over=is_over) as stage:
                self._play(stage, by_hand=by_hand, keep_open=keep_open)
        except (DemoFailed, OSError) as problem:
            said = problem.kept if isinstance(problem, DemoFailed) else kept(REFUSED, {"problem": str(problem)})
            with suppress(OSError):  # a full disk takes no last word either
                story.end(FAILED, said if for_page else "")
            raise CommandError(told(said)) from None
        except KeyboardInterrupt:
            story.end(STOPPED, STOPPED_EARLY)
            sys.exit(INTERRUPTED)
        story.end(DONE, ALL_STOPPED)
        if as_json:
            self.stdout.write(json.dumps(story.figures | {"uplift": told(story.figures["uplift"])}))

    def _play(self, stage: Stage, *, by_hand: bool, keep_open: bool) -> None:
        play, story = Play(stage), stage.story
        if by_hand:
            play.set_up()
            play.begin()
        else:
            story.figures = play.run()
            self.stdout.write(table(story.figures))
        if by_hand or keep_open:
            story.say("Both boxes run until you press Ctrl-C:")
            for box in stage.boxes:
                self.stdout.write(DOOR.format(**vars(box)))
            self.stdout.flush()
            with suppress(KeyboardInterrupt):
                stage.stay()
        story.say(BOTH_STOP)
