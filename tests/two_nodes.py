"""A Ray cluster of a head and two nodes of one CPU on this machine; `remove` on stdin kills one.

In a process of its own, since ray takes over signals and prints what it likes.
"""

import os
import sys


def main() -> None:
    from ray.cluster_utils import Cluster

    said = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    nodes = [cluster.add_node(num_cpus=1, wait=False) for _ in range(2)]
    cluster.wait_for_nodes()
    print(cluster.address, file=said, flush=True)
    for _ in sys.stdin:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        print("removed", file=said, flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
