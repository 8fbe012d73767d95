"""Studies of dorsal root ganglion, nerve and spinal cord with known truth. All of it is simulated; none is a finding.

Examples
--------
>>> import dolor as dl
>>> made = dl.simulate.study("nerve", seed=0, n_animals=1, cells_per_sample=60)
>>> made.cells.n_obs > 200, bool(made.truth["effect"].notna().any())
(True, True)
"""

from dolor.simulate.empty import empty_droplets
from dolor.simulate.plants import Plant
from dolor.simulate.study import null, study
from dolor.simulate.study_form import Study
from dolor.simulate.write import write

__all__ = ["Plant", "Study", "empty_droplets", "null", "study", "write"]
