"""Rules by which a listen looks suspicious and waits for a decision: one module each, found by its name.

A module has ``RULE``, a :class:`~jobs.transforms.settlement.suspicion.Suspicion`. It does nothing until an entry
``[[hold]]`` of conf/payouts.toml names it, for listens from that entry's date on.
"""

import importlib
import pkgutil
from collections.abc import Mapping

from jobs.transforms.settlement.suspicion import Suspicion


def _found() -> Mapping[str, Suspicion]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").RULE for name in names}


RULES: Mapping[str, Suspicion] = _found()
"""Every rule there is, by name."""
