"""A program for the tests: what a kr8s user does, against the server of a kubeconfig. Ends with 0 if all of it worked.

kr8s_session.py KUBECONFIG NAMESPACE LABEL=VALUE     nodes with the label are the program's own
"""

import asyncio
import sys
import warnings
from typing import Any

import kr8s.asyncio
from kr8s.asyncio.objects import Deployment, Pod

IMAGE = "registry.example/train:1"


async def life_of_a_pod(client: Any, selector: dict[str, str]) -> None:
    containers = [{"name": "main", "image": IMAGE}]
    pod = await Pod(
        {"metadata": {"name": "p"}, "spec": {"containers": containers, "nodeSelector": selector}}, api=client
    )
    await pod.create()
    await pod.wait("condition=Ready")
    assert await pod.ready()
    await pod.label({"team": "a"})
    assert [found.name async for found in client.get("pods", label_selector={"team": "a"})] == ["p"]
    await pod.delete()
    await pod.wait("delete")
    assert not await pod.exists()


async def scaling(client: Any, selector: dict[str, str]) -> None:
    labels = {"app": "web"}
    pods = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": IMAGE}], "nodeSelector": selector},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pods}
    web = await Deployment({"metadata": {"name": "web"}, "spec": spec}, api=client)
    await web.create()
    await web.wait("condition=Available")
    await web.scale(2)
    await web.wait("jsonpath='{.status.readyReplicas}'=2")
    assert len(await web.pods()) == 2


async def nodes(client: Any, selector: dict[str, str]) -> None:
    (node,) = [found async for found in client.get("nodes", label_selector=selector)]
    await node.cordon()
    assert node.unschedulable
    await node.uncordon()
    assert (await client.version())["major"] == "1"


async def main(kubeconfig: str, namespace: str, label: str) -> None:
    client = await kr8s.asyncio.api(kubeconfig=kubeconfig, namespace=namespace)
    key, _, value = label.partition("=")
    for work in (nodes, life_of_a_pod, scaling):
        await asyncio.wait_for(work(client, {key: value}), 40)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # it warns of servers newer than itself
    asyncio.run(main(*sys.argv[1:]))
