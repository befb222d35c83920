"""The tests. A package, so that no other one of this name is found in its place: wheels bring some along."""
