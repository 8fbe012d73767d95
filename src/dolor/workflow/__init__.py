"""The workflow as a user starts it: where it lies, how it is launched and watched, and what it needs beforehand."""

from dolor.workflow.doctor import examine
from dolor.workflow.launch import launch
from dolor.workflow.paths import workflow_path

__all__ = ["examine", "launch", "workflow_path"]
