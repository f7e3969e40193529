"""A copy of the k8s tree, whose tags are written and whose own scripts are run against the cluster of the test."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import yaml
from k8s.rendered import TREE, Document, render

from deploy import kubectl as program
from deploy.cluster import LocalCluster

OVERLAY = "production"
_LIMIT_S = 240


class Releases:
    """`folder` is the test's own; `kubectl` the real one, which renders."""

    def __init__(self, cluster: LocalCluster, folder: Path, kubectl: str) -> None:
        self._cluster, self._real = cluster, kubectl
        self.tree = shutil.copytree(TREE, folder / "k8s")
        self._program = program.install(folder, kubectl, cluster.home.root / "control")

    async def everything(self, *names: str) -> None:
        """`kubectl apply -k` of the overlay: its settings, and the Deployments of these names."""
        taken = [
            one for one in await self.documents()
            if one["kind"] == "ConfigMap" or (one["kind"] == "Deployment" and one["metadata"]["name"] in names)
        ]  # fmt: skip
        await self._cluster.apply(taken)
        await asyncio.gather(*(self._cluster.rolled_out(name) for name in names))

    async def documents(self) -> list[Document]:
        """The overlay as it is rendered now."""
        text = await asyncio.to_thread(render, self._real, self.tree / "overlays" / OVERLAY)
        return list(yaml.load_all(text, yaml.CSafeLoader))

    def write_tag(self, image: str, tag: str, colour: str = "") -> None:
        """Write the new tag of an image into the overlay, as the walkthrough says; `colour` is blue or green."""
        file = self.tree / "overlays" / OVERLAY / colour / "kustomization.yaml"
        text, count = re.subn(rf"(name: aiguy/{image}, newTag: )[^}}]+", rf"\g<1>{tag}", file.read_text("utf-8"))
        assert count == 1, f"{file} has no tag of {image}"
        file.write_text(text, "utf-8")

    async def deploy(self, workload: str) -> None:
        """`k8s/scripts/deploy` of one workload."""
        await self._run("deploy", OVERLAY, workload)

    async def shift(self, percent: int) -> None:
        """`k8s/scripts/shift` to a share for green."""
        await self._run("shift", OVERLAY, str(percent))

    async def _run(self, script: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            self.tree / "scripts" / script, *arguments, env={"PATH": os.environ["PATH"], "KUBECTL": str(self._program)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, _ = await asyncio.wait_for(process.communicate(), _LIMIT_S)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, said.decode(errors="replace")
