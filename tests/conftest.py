"""Settings for every test: how hypothesis looks for counter-examples."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadline: machines differ and a slow example is no failure. The same examples in CI every time, so that a red
# run can be repeated; elsewhere new ones each time, so that somebody finds what CI does not.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
