"""Which lists of the kinds we know are merged item by item, and which maps and structs are replaced whole.

A line a type, `field:what`. `[key]Type` is a list whose items are told apart by these keys, `set` a list of distinct
values, `!` a map or struct that changes as a whole (after a list: each item does), and a bare `Type` leads on to a line
below. What no line names is the rule: lists are replaced whole, structs and maps field by field. An item without a key
has the key's default: the one that is written (`protocol=TCP`), none where `?` follows the key, and else the empty
text.

Source: the `listType`, `listMapKey`, `structType` and `mapType` markers of k8s.io/api, Kubernetes 1.37; JobSet 0.12 and
Kueue 0.19 at the end.
"""

TYPES = """
Affinity: nodeAffinity:NodeAffinity
AllocatedDeviceStatus: conditions:[type] data:!
AllocationResult: nodeSelector:!
Binding: metadata:ObjectMeta target:!
ClusterRoleBinding: metadata:ObjectMeta roleRef:!
Container: env:[name]EnvVar ports:[containerPort=0,protocol=TCP] resources:ResourceRequirements
  volumeDevices:[devicePath] volumeMounts:[mountPath]VolumeMount
ControllerRevision: metadata:ObjectMeta data:!
CronJob: metadata:ObjectMeta spec:CronJobSpec
CronJobSpec: jobTemplate:JobTemplateSpec
CSIPersistentSource: controllerExpandSecretRef:! controllerPublishSecretRef:! nodeExpandSecretRef:!
  nodePublishSecretRef:! nodeStageSecretRef:!
CSISource: nodePublishSecretRef:!
CustomResourceDefinition: metadata:ObjectMeta status:WithConditions
DaemonSet: metadata:ObjectMeta spec:WorkloadSpec status:WithConditions
Deployment: metadata:ObjectMeta spec:WorkloadSpec status:WithConditions
DeviceTaintRule: metadata:ObjectMeta status:WithConditions
EnvVar: valueFrom:EnvVarSource
EnvVarSource: configMapKeyRef:! fieldRef:! fileKeyRef:! resourceFieldRef:! secretKeyRef:!
EphemeralSource: volumeClaimTemplate:PersistentVolumeClaimTemplate
Event: metadata:ObjectMeta involvedObject:! related:!
EventsEvent: metadata:ObjectMeta regarding:! related:!
HorizontalPodAutoscaler: metadata:ObjectMeta status:WithConditions
Ingress: metadata:ObjectMeta spec:IngressSpec
IngressBackend: resource:! service:IngressService
IngressService: port:!
IngressSpec: defaultBackend:IngressBackend
Job: metadata:ObjectMeta spec:JobSpec status:JobStatus
JobScheduling: resourceClaims:[name]
JobSpec: scheduling:JobScheduling selector:! template:PodTemplateSpec
JobStatus: uncountedTerminatedPods:UncountedPods
JobTemplateSpec: metadata:ObjectMeta spec:JobSpec
MutatingAdmissionPolicy: metadata:ObjectMeta spec:MutatingPolicySpec
MutatingAdmissionPolicyBinding: metadata:ObjectMeta spec:PolicyBindingSpec
MutatingPolicySpec: matchConditions:[name] matchConstraints:! paramKind:!
MutatingWebhookConfiguration: metadata:ObjectMeta webhooks:[name]Webhook
Namespace: metadata:ObjectMeta status:WithConditions
NetworkPolicy: metadata:ObjectMeta spec:NetworkPolicySpec
NetworkPolicySpec: podSelector:!
Node: metadata:ObjectMeta spec:NodeSpec status:NodeStatus
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution:!
NodeClaimStatus: containers:set mapping:[name] overhead:[name]
NodePreemption: disableResizePreemption:set
NodeSpec: podCIDRs:set podPreemptionPolicy:NodePreemption
NodeStatus: addresses:[type] conditions:[type]
ObjectMeta: finalizers:set ownerReferences:[uid]!
PersistentVolume: metadata:ObjectMeta spec:PersistentVolumeSpec
PersistentVolumeClaim: metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
PersistentVolumeClaimSpec: dataSource:! selector:!
PersistentVolumeClaimStatus: conditions:[type] healthStatus:VolumeHealthStatus
PersistentVolumeClaimTemplate: metadata:ObjectMeta spec:PersistentVolumeClaimSpec
PersistentVolumeSpec: cephfs:SecretSource cinder:SecretSource claimRef:! csi:CSIPersistentSource
  flexVolume:SecretSource iscsi:SecretSource nodeAffinity:VolumeNodeAffinity rbd:SecretSource scaleIO:SecretSource
  storageos:SecretSource
Pod: metadata:ObjectMeta spec:PodSpec status:PodStatus
PodDisruptionBudget: metadata:ObjectMeta spec:Selecting status:WithConditions
PodSpec: affinity:Affinity containers:[name]Container ephemeralContainers:[name]Container evictionResponders:[name]!
  hostAliases:[ip] imagePullSecrets:[name]! initContainers:[name]Container nodeSelector:! resourceClaims:[name]
  resources:ResourceRequirements schedulingGates:[name]
  topologySpreadConstraints:[topologyKey,whenUnsatisfiable]TopologySpread volumes:[name]Volume
PodStatus: conditions:[type] nodeAllocatableResourceClaimStatuses:[resourceClaimName]NodeClaimStatus podIPs:[ip]
  resourceClaimStatuses:[name] resources:ResourceRequirements volumeHealth:[name]VolumeHealthStatus
PodTemplate: metadata:ObjectMeta template:PodTemplateSpec
PodTemplateSpec: metadata:ObjectMeta spec:PodSpec
PolicyBindingSpec: matchResources:! paramRef:! validationActions:set
PolicySpec: matchConditions:[name] matchConstraints:! paramKind:! variables:[name]!
ReplicaSet: metadata:ObjectMeta spec:WorkloadSpec status:WithConditions
ReplicationController: metadata:ObjectMeta spec:WorkloadSpec status:WithConditions
ResourceClaim: metadata:ObjectMeta status:ResourceClaimStatus
ResourceClaimStatus: allocation:AllocationResult devices:[driver,device,pool,shareID?]AllocatedDeviceStatus
  reservedFor:[uid]
ResourceClaimTemplate: metadata:ObjectMeta spec:WithMetadata
ResourceQuota: metadata:ObjectMeta spec:ResourceQuotaSpec
ResourceQuotaSpec: scopeSelector:!
ResourceRequirements: claims:[name]
ResourceSlice: metadata:ObjectMeta spec:ResourceSliceSpec
ResourceSliceSpec: nodeSelector:! skipNodeOperations:set
RoleBinding: metadata:ObjectMeta roleRef:!
SecretSource: secretRef:!
Selecting: selector:!
Service: metadata:ObjectMeta spec:ServiceSpec status:WithConditions
ServiceAccount: metadata:ObjectMeta secrets:[name?]!
ServiceSpec: ports:[port=0,protocol=TCP] selector:!
StatefulSet: metadata:ObjectMeta spec:WorkloadSpec status:WithConditions
TopologySpread: labelSelector:!
UncountedPods: failed:set succeeded:set
ValidatingAdmissionPolicy: metadata:ObjectMeta spec:PolicySpec status:WithConditions
ValidatingAdmissionPolicyBinding: metadata:ObjectMeta spec:PolicyBindingSpec
ValidatingWebhookConfiguration: metadata:ObjectMeta webhooks:[name]Webhook
Volume: cephfs:SecretSource cinder:SecretSource csi:CSISource ephemeral:EphemeralSource flexVolume:SecretSource
  iscsi:SecretSource rbd:SecretSource scaleIO:SecretSource storageos:SecretSource
VolumeHealthStatus: healthConditions:[status,reason]
VolumeMount: bindMountOptions:set
VolumeNodeAffinity: required:!
Webhook: matchConditions:[name] namespaceSelector:! objectSelector:!
WithConditions: conditions:[type]
WithMetadata: metadata:ObjectMeta
WorkloadSpec: selector:! template:PodTemplateSpec

AdmissionCheck: metadata:ObjectMeta status:CustomConditions
ClusterQueue: metadata:ObjectMeta spec:ClusterQueueSpec status:QueueStatus
ClusterQueueSpec: admissionChecksStrategy:QueueChecks namespaceSelector:!
CustomConditions: conditions:[type?]
JobSet: metadata:ObjectMeta spec:JobSetSpec status:JobSetStatus
JobSetSpec: replicatedJobs:[name?]ReplicatedJob
JobSetStatus: conditions:[type?] replicatedJobsStatus:[name?]
KueueWorkload: metadata:ObjectMeta spec:KueueWorkloadSpec status:KueueWorkloadStatus
KueueWorkloadSpec: podSets:[name=main]WithTemplate preemptionGates:[name?]
KueueWorkloadStatus: admission:KueueAdmission admissionChecks:[name?]KueueCheckState conditions:[type?]
  preemptionGates:[name?] reclaimablePods:[name?] resourceRequests:[name?] schedulingStats:KueueStats
  unhealthyNodes:[name?]
KueueAdmission: podSetAssignments:[name=main]
KueueCheckState: podSetUpdates:!
KueueStats: evictions:[reason?,underlyingCause?]
LocalQueue: metadata:ObjectMeta status:QueueStatus
QueueChecks: admissionChecks:[name?]QueueCheck
QueueCheck: onFlavors:set
QueueStatus: conditions:[type?] flavorsReservation:[name?]QueueUsage flavorsUsage:[name?]QueueUsage
QueueUsage: resources:[name?]
ReplicatedJob: dependsOn:[name?] template:JobTemplateSpec
ResourceFlavor: metadata:ObjectMeta spec:ResourceFlavorSpec
ResourceFlavorSpec: nodeLabels:!
WithTemplate: template:PodTemplateSpec
"""
