"""`make lint` runs this: the locked packages have licences that go with distributing Podledger under Apache-2.0."""

import re
import sys
from importlib.metadata import Distribution, distributions

OURS = "podledger"

OPEN = re.compile(
    r"\b(MIT|MIT-CMU|0?BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|Artistic|MPL|Mozilla|HPND|CC0)\b"
    r"|\bOFL\b",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"GPL|GNU|SSPL|Server Side|BUSL|Business Source|Commons Clause|Elastic|CDDL|EUPL", re.IGNORECASE)

ACCEPTED = {
    "text-unidecode": "offered under the Artistic Licence or the GPL, as one likes; used under the former",
}
"""Packages that the patterns would stop, each with the reason that it may stay."""


def main() -> int:
    """Names every package that may not come along; returns the exit code."""
    refused = {}
    for package in distributions():
        name = package.name.lower()
        licence = stated(package)
        if name not in ACCEPTED and name != OURS and (COPYLEFT.search(licence) or not OPEN.search(licence)):
            refused[name] = licence or "states none"
    for name, licence in sorted(refused.items()):
        print(f"licences: {name}: {licence[:100]}", file=sys.stderr)
    if refused:
        print("licences: leave these out, or give the reason they may stay in setup/licences.py", file=sys.stderr)
        return 1
    print("licences: every package fits Apache-2.0")
    return 0


def stated(package: Distribution) -> str:
    """What a package says of its licence: the expression, else the classifiers, else the first line of the text."""

    def all_of(field: str) -> list[str]:
        return package.metadata.get_all(field) or []

    classifiers = [line for line in all_of("Classifier") if line.startswith("License ::")]
    text = "; ".join(all_of("License-Expression") or classifiers)
    return text or "".join(all_of("License")).strip().split("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
