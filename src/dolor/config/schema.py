"""The JSON schema of the configuration, generated from its models, for editors and for Snakemake."""

from __future__ import annotations

import json

from dolor.config.models import Config


def schema_text() -> str:
    """Return the JSON schema of a run's configuration as text.

    Examples
    --------
    >>> '"seed"' in schema_text()
    True
    """
    return json.dumps(Config.model_json_schema(), indent=2) + "\n"
