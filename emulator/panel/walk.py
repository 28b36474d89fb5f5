"""Leads a browser through the pages of a flow, in their order, forwards and back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from aiohttp import web

from emulator.panel.flows import Flow
from emulator.panel.taps import CODE_PATH, Handler, Screen, Tap, go
from protocol.problems import Kind, Problem

FlowT = TypeVar("FlowT", bound=Flow)

Page = Callable[[Tap, FlowT], Awaitable[web.Response]]


@dataclass(frozen=True)
class Walk(Generic[FlowT]):
    """The pages of a `kind` of flow under `root`; a problem of `ends_with` means that the flow must start anew."""

    kind: type[FlowT]
    root: str
    fields: tuple[str, ...]
    ends_with: tuple[Kind, ...] = ()

    def screen(self, page: str, show: Page[FlowT], act: Page[FlowT]) -> Screen:
        """Return the screen of `page`: what shows it, and what its form does."""
        return Screen(
            self.path_of(page), self._in_order(page, show), self._in_order(page, self._or_back(page, act))
        )

    def path_of(self, page: str) -> str:
        """Return the address of a page."""
        return f"{self.root}/{page}" if self.kind.PAGES.index(page) else self.root

    def on_from(self, page: str, flow: FlowT) -> web.Response:
        """Lead to the page after `page`."""
        return go(self.path_of(flow.passed(page)))

    def page(
        self, tap: Tap, page: str, template: str, problem: Problem | None = None, **facts: object
    ) -> web.Response:
        """Return the screen of `page`, with what is wrong in what was typed."""
        return tap.page(
            template,
            problem.kind.status if problem else HTTPStatus.OK,
            step=(self.kind.PAGES.index(page) + 1, len(self.kind.PAGES)),
            back=self._before(page),
            trouble=tap.sentence(problem) if problem else "",
            **facts,
        )

    def _before(self, page: str) -> str:
        here = self.kind.PAGES.index(page)
        return self.path_of(self.kind.PAGES[here - 1]) if here else "/service"

    def _in_order(self, page: str, handle: Page[FlowT]) -> Handler:
        """Let `handle` run when the pages before are done, else lead to the first that is missing (S-REG-30)."""

        async def in_order(tap: Tap) -> web.Response:
            flow = self._flow(tap, page)
            allowed = flow.first_allowed(page)
            if allowed != page and tap.request.method == "POST" and tap.shown_link_code(tap.now):
                return go(
                    CODE_PATH
                )  # the second of two taps: the first has issued the code and ended the flow
            if allowed != page:
                return go(self.path_of(allowed))
            try:
                return await handle(tap, flow)
            except Problem as problem:
                if problem.kind in self.ends_with:
                    tap.session.flows.pop(self.kind, None)
                raise

        return in_order

    def _flow(self, tap: Tap, page: str) -> FlowT:
        """Return this browser's run; the first page begins a new one, but keeps one that is not over yet."""
        flow = tap.session.flows.get(self.kind)
        if not isinstance(flow, self.kind) or (flow.is_over() and page == self.kind.PAGES[0]):
            flow = self.kind()
            tap.session.flows[self.kind] = flow
        return flow

    def _or_back(self, page: str, act: Page[FlowT]) -> Page[FlowT]:
        """Heed 戻る: keep what was typed, judge nothing, and show the page before (S-REG-35)."""

        async def act_or_go_back(tap: Tap, flow: FlowT) -> web.Response:
            flow.keep(tap.form, self.fields)
            if tap.goes_back():
                return go(self._before(page))
            return await act(tap, flow)

        return act_or_go_back
