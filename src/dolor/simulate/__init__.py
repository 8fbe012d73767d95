"""Studies of dorsal root ganglion, nerve and spinal cord with known truth. All of it is simulated; none is a finding.

Examples
--------
>>> import dolor as dl
>>> made = dl.simulate.study("nerve", seed=0, n_animals=1, cells_per_sample=60)
>>> made.cells.n_obs > 200, bool(made.truth["effect"].notna().any())
(True, True)
"""

from dolor.simulate.droplets import empty_droplets
from dolor.simulate.parameters import Study
from dolor.simulate.planted_effects import Plant
from dolor.simulate.study import null, study, write

__all__ = ["Plant", "Study", "empty_droplets", "null", "study", "write"]
