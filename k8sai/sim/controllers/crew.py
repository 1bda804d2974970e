"""All controllers of a cluster, in the order in which they hear of a change."""

from k8sai.sim.controllers.claims import Claims
from k8sai.sim.controllers.daemonsets import DaemonSets
from k8sai.sim.controllers.deployments import Deployments
from k8sai.sim.controllers.desk import Desk
from k8sai.sim.controllers.devicetaints import DeviceTaints
from k8sai.sim.controllers.disruption import Disruption
from k8sai.sim.controllers.gateway import Gateways
from k8sai.sim.controllers.jobs import Jobs
from k8sai.sim.controllers.jobsets import JobSets
from k8sai.sim.controllers.knative import KnativeServices
from k8sai.sim.controllers.knative_revisions import Revisions
from k8sai.sim.controllers.kserve_knative import KserveKnative
from k8sai.sim.controllers.kserve_standard import KserveStandard
from k8sai.sim.controllers.kubelet import Kubelets
from k8sai.sim.controllers.kueue import Kueue
from k8sai.sim.controllers.leaderworkersets import LeaderWorkerSets
from k8sai.sim.controllers.llmisvc import LlmInferenceServices
from k8sai.sim.controllers.nodelife import Heartbeats, NodeLife
from k8sai.sim.controllers.quotas import Quotas
from k8sai.sim.controllers.replicasets import ReplicaSets
from k8sai.sim.controllers.rollouts import Rollouts
from k8sai.sim.controllers.scheduler import Scheduler
from k8sai.sim.controllers.statefulsets import StatefulSets
from k8sai.sim.controllers.tenants import Tenants
from k8sai.sim.controllers.trainjobs import TrainJobs
from k8sai.sim.processes import Processes
from k8sai.sim.traffic import Traffic


class Crew:
    """The controllers at work; they begin with what they hear, so they must be there before the first object is."""

    def __init__(self, desk: Desk, processes: Processes | None = None) -> None:
        self.scheduler = Scheduler(desk)
        self.tenants = Tenants(desk)
        self.kueue = Kueue(desk)
        self._heartbeats = Heartbeats(desk)
        members = (
            self.scheduler,
            self.kueue,
            Kubelets(desk, processes),
            Claims(desk),
            Jobs(desk),
            JobSets(desk),
            TrainJobs(desk),
            LeaderWorkerSets(desk),
            Deployments(desk),
            Rollouts(desk),
            ReplicaSets(desk),
            StatefulSets(desk),
            DaemonSets(desk),
            KserveKnative(desk),
            KserveStandard(desk),
            LlmInferenceServices(desk),
            KnativeServices(desk),
            Revisions(desk),
            Disruption(desk),
            DeviceTaints(desk),
            Gateways(desk),
            Quotas(desk),
            NodeLife(desk),
            self._heartbeats,
            self.tenants,
            Traffic(desk),
        )
        for member in members:
            desk.store.subscribe(member.on_event)

    def start(self) -> None:
        """Begin what happens without a cause: the heartbeats."""
        self._heartbeats.start()
