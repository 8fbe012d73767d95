"""What Snakemake says, line by line, turned into what a person wants to know: how far, what runs, what failed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_BEGIN = re.compile(r"(?:local)?rule (\w+):$")
_ERROR = re.compile(r"Error in rule (\w+):$")
_FIELD = re.compile(r" {4}(jobid|wildcards|log): (.*)$")
_FINISHED = re.compile(r"Finished jobid: (\d+)")
_STEPS = re.compile(r"(\d+) of (\d+) steps")
_STATUS = re.compile(r"returned non-zero exit status (\d+)")
_TOTAL = re.compile(r"total +(\d+)$")
_LOG_ADVICE = " (check log file(s) for error details)"
_REMEMBERED = 40


@dataclass
class Job:
    """One job: its rule, its dataset, its log, and when it was seen to begin."""

    rule: str
    dataset: str = ""
    log: str = ""
    begun: float = 0.0
    failed: bool = False

    def __str__(self) -> str:
        return f"{self.rule} {self.dataset}".rstrip()


@dataclass
class Progress:
    """The state of a run, fed with the lines of Snakemake.

    Parameters
    ----------
    clock
        Gives the time in seconds.
    """

    clock: Callable[[], float] = time.monotonic
    done: int = 0
    total: int = 0
    status: int = 0
    running: dict[str, Job] = field(default_factory=dict)
    failed: dict[str, Job] = field(default_factory=dict)
    last_lines: list[str] = field(default_factory=list)
    _told: Job | None = None

    def take(self, line: str) -> str:
        """Take in a line; return what there is to tell of it, or an empty text."""
        self.last_lines = [*self.last_lines[1 - _REMEMBERED :], line]
        if begun := _BEGIN.match(line) or _ERROR.match(line):
            self._told = Job(begun[1], begun=self.clock(), failed=line.startswith("Error"))
        elif (part := _FIELD.match(line)) and self._told:
            self._describe(self._told, part[1], part[2])
        elif finished := _FINISHED.match(line):
            self.failed.pop(finished[1], None)
            job = self.running.pop(finished[1], None)
            # The target `all` makes no file.
            if job and job.rule != "all":
                return f"{job}  {self._since(job)}"
        elif steps := _STEPS.match(line):
            self.done, self.total = int(steps[1]), int(steps[2])
        elif total := _TOTAL.match(line):
            self.total = int(total[1])
        elif status := _STATUS.search(line):
            self.status = int(status[1])
        return ""

    def _describe(self, job: Job, name: str, value: str) -> None:
        if name == "wildcards":
            job.dataset = value.removeprefix("dataset=")
        elif name == "log":
            job.log = value.removesuffix(_LOG_ADVICE)
        else:
            before = self.running.pop(value, None)
            if job.failed:
                job.dataset = before.dataset if before else ""
                self.failed[value] = job
            else:
                self.running[value] = job

    def line(self, width: int) -> str:
        """Draw the state in one line of at most ``width`` characters."""
        share = self.done / self.total if self.total else 0.0
        bar = "█" * int(20 * share) + "░" * (20 - int(20 * share))
        jobs = ", ".join(f"{job} {self._since(job)}" for job in self.running.values())
        return f"{bar} {self.done} of {self.total}  {jobs}"[:width]

    def _since(self, job: Job) -> str:
        seconds = int(self.clock() - job.begun)
        return f"{seconds // 60}:{seconds % 60:02d}"
