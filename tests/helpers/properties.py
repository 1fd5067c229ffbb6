"""On how many examples a property is tried.

`tests/conftest.py` has two profiles of Hypothesis. `ci` is the default: each run tries the same examples, 100 of a
property that does not say how many. `soak` draws others each time, and many more; `make soak` runs with it.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def examples(count: int, *unheeded: HealthCheck) -> settings:
    """Try a property on so many examples; under `soak`, on as many times more as the profile says.

    `unheeded` are health checks that have no say, beside those of the profile.
    """
    profile = settings.get_profile(settings.get_current_profile_name())
    return settings(
        max_examples=count * profile.max_examples // settings.get_profile("ci").max_examples,
        suppress_health_check=[*profile.suppress_health_check, *unheeded],
    )
