"""`python -m benchmarks.peers`: install the peers, each into an environment of its own in `.cache/peers`."""

from benchmarks.peers.environment import open_environment
from benchmarks.peers.targets import PACKAGES, peers

for peer in PACKAGES:
    print(f"{peer}: {open_environment(peer)}", flush=True)
print("targets:", ", ".join(f"{target.name} ({target.version})" for target in peers()))
