"""The cockpit: what keys, the words after `:` and the palette do with the frame and its panes."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from k8sai.errors import K8saiError
from k8sai.tui import asking, commandline, palette, themes
from k8sai.tui.background import begin, in_thread
from k8sai.tui.clusters import members
from k8sai.tui.confirm import Confirm
from k8sai.tui.frame import Frame
from k8sai.tui.help import help_lines
from k8sai.tui.keymap import KEYS
from k8sai.tui.node import devices_by_pod
from k8sai.tui.pane import Pane
from k8sai.tui.panes import NAMED, OPENED, PANES, named
from k8sai.tui.pod import pod_lines
from k8sai.tui.prompt import Prompt
from k8sai.tui.saving import save_rows
from k8sai.tui.subject import Subject
from k8sai.tui.told import Told, room

_FIRST = ("filter", "command")  # before the next key is looked at: somebody who types fast has typed it already


class Cockpit(Frame):
    """The screen of `k8sai top`. Every action here has its key in `keymap`, and is in the help and the palette."""

    BINDINGS: ClassVar[list[Any]] = [
        *(
            Binding(key.keys, key.action, key.words, show=False, priority=key.action in _FIRST)
            for key in KEYS
            if key.action
        ),
        *(
            Binding(str(number), f"pane('{pane.stem}')", pane.title, show=False)
            for number, pane in enumerate(PANES[:9], 1)
        ),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`/` and `:` are letters where something else is being typed or read."""
        if action in _FIRST and (self.prompt.display or len(self.screen_stack) > 1):
            return False
        return super().check_action(action, parameters)

    # --- panes and history --------------------------------------------------------------------------------------------

    async def on_pane_go(self, message: Pane.Go) -> None:
        if message.stem == "pod":
            self._tell_pod(message.subject["_pod"])
        elif message.stem == "context":
            self._switch(message.subject["name"])
        else:
            await self.show(message.stem, message.subject)

    def _tell_pod(self, key: str) -> None:
        pod = self.current.pod(key)
        if pod is None:
            return
        devices: list[str] = []
        if pod.node:
            try:
                devices = devices_by_pod(self.desk.node(pod.node)).get(pod.uid, [])
            except KeyError:
                devices = []  # the node went away meanwhile
        width = min(80, self.size.width * 96 // 100 - 4)
        self.push_screen(Told(self.desk, pod.name, pod_lines(self.desk, pod, devices, width)))

    async def action_pane(self, stem: str) -> None:
        await self.show(stem)

    async def action_turn(self, step: int) -> None:
        stems = [pane.stem for pane in PANES]
        at = stems.index(self.current.stem) if self.current.stem in stems else 0
        await self.show(stems[(at + step) % len(stems)])

    async def action_back(self) -> None:
        if self.current.filter.typed:
            self.current.narrow("")
            return
        self.leave()
        place = self.history.step(-1)
        if place is None and len(members(self.desk)) > 1:  # behind the first pane of a cluster are all clusters
            await self.show("clusters")
        else:
            await self.return_to(place)

    async def action_history(self, step: int) -> None:
        self.leave()
        await self.return_to(self.history.step(step))

    async def action_last(self) -> None:
        self.leave()
        await self.return_to(self.history.last())

    # --- the object under the cursor ----------------------------------------------------------------------------------

    def subject(self) -> Subject | None:
        """The object under the cursor; where there is none, that is said."""
        key = self.current.cursor()
        subject = self.current.subject_at(key) if key is not None else None
        if subject is None:
            self.say("There is no object of the cluster under the cursor.")
        return subject

    def action_ask(self, what: asking.What) -> None:
        subject = self.subject()
        if subject is not None:
            self.push_screen(asking.screen(self, what, subject))

    def action_owner(self) -> None:
        subject = self.subject()
        if subject is not None:
            begin(self, partial(asking.to_owner, self, subject), "owner")

    async def action_node(self) -> None:
        subject = self.subject()
        if subject is None:
            return
        node = asking.node_of(self.desk, subject)
        if node:
            pod = {"_pod": f"{subject.namespace}/{subject.name}"} if subject.kind == "pods" else {}
            await self.show("node", {"node": node, **pod})
        else:
            self.say(f"There is no node for {subject}.")

    # --- marks, order, looks ------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        self.current.mark()

    def action_mark_range(self) -> None:
        self.current.mark_range()

    def action_unmark(self) -> None:
        self.current.unmark()

    def action_cycle_sort(self, step: int) -> None:
        self.current.cycle_sort(step)

    def action_reverse(self) -> None:
        self.current.turn_round()

    def action_trouble(self) -> None:
        if self.current.toggle_trouble() is None:
            self.say(f"{self.current.title}: nothing here is ever wrong by itself.")

    def action_namespace(self, name: str) -> None:
        self.desk.namespace = name
        self.current.refresh_now()

    def action_colour(self) -> None:
        self.desk.cycle_tint()
        self.repaint()

    def action_next_theme(self) -> None:
        self.choose_theme(themes.following(self))

    def choose_theme(self, name: str) -> None:
        """By its name; which there are is said where there is no such one."""
        if name in themes.names(self):
            self.theme = name
            self.say(f"Theme {name}.", wrong=False)
        else:
            near = get_close_matches(name, themes.names(self), 1)
            self.say(f"There is no theme {name!r}{f': {near[0]}?' if near else '.'} `:theme` alone lists them.")

    def action_pause(self) -> None:
        self.paused = not self.paused
        self.current.pause(self.paused)
        self.repaint()

    def action_wide(self) -> None:
        self.current.toggle_wide()

    def on_key(self, event: events.Key) -> None:
        """Shift and a letter sort by the pane's column of that letter."""
        field = self.current.letters().get(event.character or "")
        if field is not None and len(self.screen_stack) == 1 and not self.prompt.display:
            event.stop()
            self.current.sort_by(field.sort)

    # --- everything else ----------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        self.push_screen(Told(self.desk, "Keys", help_lines(self.desk, self.current, room(self.size.width))))

    async def action_quit(self) -> None:
        """A drain that this screen carries out stops where it is: that is asked about."""
        busy = self.desk.eviction_watch().busy
        if not busy:
            self.exit()
            return
        said = (f"This screen carries out drain {', '.join(busy)}.", "It stops where it is; nothing is taken back.")
        command = f"k8sai evict resume {busy[0]}"
        dialog = Confirm(self.desk, "Leave a drain on its way?", said, command, room(self.size.width))
        self.push_screen(dialog, lambda yes: self.exit() if yes else None)

    def action_help_quit(self) -> None:
        """Ctrl-C ends at once, with the shell's code for it; Textual would only say which key does."""
        self.exit(return_code=130)

    def action_refresh(self) -> None:
        self.current.refresh_now()
        self.repaint()

    def action_save(self) -> None:
        titles, rows = self.current.sheet()
        if not titles:
            self.say(f"{self.current.title} has no rows to save.")
            return
        name, at = f"{self.desk.feed.context}-{self.current.stem}", self.desk.now()

        async def save() -> None:
            try:
                path, count = await in_thread(lambda: save_rows(self.saves, name, at, titles, rows))
            except K8saiError as error:
                self.say(error.message)
            else:
                self.say(f"{count:,} rows saved to {path}", wrong=False)

        begin(self, save, "saving")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        ours = list(palette.commands(self, screen))
        theirs = [each for each in super().get_system_commands(screen) if each.title not in palette.NOT_OURS]
        return [*theirs, *ours]

    # --- the prompt ---------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.prompt.open("/", self.current.filter.typed)

    def action_command(self) -> None:
        self.prompt.open(":")

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        self.current.narrow(message.text)

    async def on_prompt_closed(self, message: Prompt.Closed) -> None:
        self.current.come()
        if message.mode == "/":
            if not message.kept:
                self.current.narrow("")
        elif message.kept and message.text.strip():
            await self._run(message.text)

    async def _run(self, line: str) -> None:
        words = [word for pane in (*PANES, *OPENED) for word in (pane.stem, *pane.words)]
        command = commandline.parse(line, [word for word in words if named(word) is not None])
        match command.verb:
            case "quit":
                await self.action_quit()
            case "help":
                self.action_help()
            case "pane":
                await self._show_named(command.what, command.rest)
            case "context":
                await self._choose_context(command.rest)
            case "namespace":
                self.action_namespace("" if command.rest in ("", "0", "all") else command.rest)
            case "theme" if command.rest:
                self.choose_theme(command.rest)
            case "theme":
                self.action_change_theme()
            case _:
                known = ", ".join(pane.stem for pane in NAMED)
                self.say(f"There is no pane {command.what!r}. Panes: {known}; {', '.join(commandline.WORDS)} do more.")

    async def _show_named(self, word: str, rest: str) -> None:
        """A pane, perhaps with a filter, or narrowed to a namespace."""
        pane = named(word)
        if pane is None:
            return
        if rest and rest[0] not in "/-":
            self.desk.namespace = "" if rest == "all" else rest
        await self.show(pane.stem)
        if rest.startswith(("/", "-")):
            self.current.narrow(rest.removeprefix("/"))

    def completions(self, line: str) -> list[str]:
        contexts: list[str] = []
        if line.lstrip().startswith("c") and self.desk.choice is not None:
            try:
                contexts = [each.name for each in self.desk.choice.contexts()]
            except K8saiError:
                contexts = []  # `:ctx` alone says what is wrong
        namespaces = ["all", *sorted(total.name for total in self.desk.fleet.namespaces())]
        panes = [pane.stem for pane in NAMED]
        following = {"ctx": contexts, "ns": namespaces, "theme": themes.names(self), **dict.fromkeys(panes, namespaces)}
        return commandline.complete(line, [*panes, *commandline.WORDS], following)

    # --- another cluster ----------------------------------------------------------------------------------------------

    async def _choose_context(self, name: str) -> None:
        if not name:
            await self.show("contexts")
        elif name == "-":
            self._switch(self.context_before)
        else:
            self._switch(name)

    def _switch(self, name: str) -> None:
        """Connect in a thread; the cluster on the screen stays until the other has answered."""
        choice = self.desk.choice
        if choice is None or not name:
            self.say("There is no other cluster to go to." if choice is None else "There was no context before.")
            return
        if busy := self.desk.eviction_watch().busy:
            self.say(f"Still on {self.desk.feed.context}: this screen carries out drain {', '.join(busy)}.")
            return
        self.say(f"Connecting to {name} …", wrong=False)

        async def switch() -> None:
            try:
                fleet, feed = await in_thread(lambda: choice.open(name))
            except K8saiError as error:
                self.say(f"Still on {self.desk.feed.context}: {error.message}")
                return
            before = self.desk.feed
            self.context_before = before.context
            await self.turn_to(fleet, feed)
            await in_thread(before.stop)
            self.say(f"This is {feed.context} now.", wrong=False)

        begin(self, switch, "context")
