"""The shapes of the built-in kinds outside the core group, written as in `wire_types`."""

GROUPS = """
AggregationRule: 1=clusterRoleSelectors:*LabelSelector
AllocatedDeviceStatus: 1=driver:s! 2=pool:s! 3=device:s! 4=conditions:*Condition 5=data:r
  6=networkData:NetworkDeviceData 7=shareID:s!
AllocationResult: 1=devices:DeviceAllocationResult 3=nodeSelector:NodeSelector 5=allocationTimestamp:t
CELDeviceSelector: 1=expression:s!
CapacityRequestPolicy: 1=default:q 3=validValues:*q 4=validRange:CapacityRequestPolicyRange
CapacityRequestPolicyRange: 1=min:q 2=max:q 3=step:q
CapacityRequirements: 1=requests:%q
ClusterRole: 1=metadata:ObjectMeta 2=rules:*PolicyRule 3=aggregationRule:AggregationRule
ClusterRoleBinding: 1=metadata:ObjectMeta 2=subjects:*Subject 3=roleRef:RoleRef
ControllerRevision: 1=metadata:ObjectMeta 2=data:r 3=revision:i!
Counter: 1=value:q
CounterSet: 1=name:s! 2=counters:%Counter
CronJob: 1=metadata:ObjectMeta 2=spec:CronJobSpec 3=status:CronJobStatus
CronJobSpec: 1=schedule:s! 2=startingDeadlineSeconds:i! 3=concurrencyPolicy:s 4=suspend:b!
  5=jobTemplate:JobTemplateSpec 6=successfulJobsHistoryLimit:i! 7=failedJobsHistoryLimit:i! 8=timeZone:s!
CronJobStatus: 1=active:*ObjectReference 4=lastScheduleTime:t 5=lastSuccessfulTime:t
DaemonSet: 1=metadata:ObjectMeta 2=spec:DaemonSetSpec 3=status:DaemonSetStatus
DaemonSetCondition: 1=type:s! 2=status:s! 3=lastTransitionTime:t 4=reason:s 5=message:s
DaemonSetSpec: 1=selector:LabelSelector 2=template:PodTemplateSpec 3=updateStrategy:DaemonSetUpdateStrategy
  4=minReadySeconds:i 6=revisionHistoryLimit:i!
DaemonSetStatus: 1=currentNumberScheduled:i! 2=numberMisscheduled:i! 3=desiredNumberScheduled:i! 4=numberReady:i!
  5=observedGeneration:i 6=updatedNumberScheduled:i 7=numberAvailable:i 8=numberUnavailable:i 9=collisionCount:i!
  10=conditions:*DaemonSetCondition
DaemonSetUpdateStrategy: 1=type:s 2=rollingUpdate:RollingUpdateDaemonSet
Deployment: 1=metadata:ObjectMeta 2=spec:DeploymentSpec 3=status:DeploymentStatus
DeploymentCondition: 1=type:s! 2=status:s! 4=reason:s 5=message:s 6=lastUpdateTime:t 7=lastTransitionTime:t
DeploymentSpec: 1=replicas:i! 2=selector:LabelSelector 3=template:PodTemplateSpec 4=strategy:DeploymentStrategy
  5=minReadySeconds:i 6=revisionHistoryLimit:i! 7=paused:b 9=progressDeadlineSeconds:i!
DeploymentStatus: 1=observedGeneration:i 2=replicas:i 3=updatedReplicas:i 4=availableReplicas:i
  5=unavailableReplicas:i 6=conditions:*DeploymentCondition 7=readyReplicas:i 8=collisionCount:i!
  9=terminatingReplicas:i!
DeploymentStrategy: 1=type:s 2=rollingUpdate:RollingUpdateDeployment
Device: 1=name:s! 2=attributes:%DeviceAttribute 3=capacity:%DeviceCapacity
  4=consumesCounters:*DeviceCounterConsumption 5=nodeName:s! 6=nodeSelector:NodeSelector 7=allNodes:b!
  8=taints:*DeviceTaint 9=bindsToNode:b! 10=bindingConditions:*s 11=bindingFailureConditions:*s
  12=allowMultipleAllocations:b! 14=nodeAllocatableResources:%NodeAllocatableResource
DeviceAllocationConfiguration: 1=source:s! 2=requests:*s 3=:DeviceConfiguration
DeviceAllocationResult: 1=results:*DeviceRequestAllocationResult 2=config:*DeviceAllocationConfiguration
DeviceAttribute: 2=int:i! 3=bool:b! 4=string:s! 5=version:s! 6=ints:*i 7=bools:*b 8=strings:*s 9=versions:*s
DeviceCapacity: 1=value:q 2=requestPolicy:CapacityRequestPolicy
DeviceClaim: 1=requests:*DeviceRequest 2=constraints:*DeviceConstraint 3=config:*DeviceClaimConfiguration
DeviceClaimConfiguration: 1=requests:*s 2=:DeviceConfiguration
DeviceClass: 1=metadata:ObjectMeta 2=spec:DeviceClassSpec
DeviceClassConfiguration: 1=:DeviceConfiguration
DeviceClassSpec: 1=selectors:*DeviceSelector 2=config:*DeviceClassConfiguration 4=extendedResourceName:s!
DeviceConfiguration: 1=opaque:OpaqueDeviceConfiguration
DeviceConstraint: 1=requests:*s 2=matchAttribute:s! 3=distinctAttribute:s!
DeviceCounterConsumption: 1=counterSet:s! 2=counters:%Counter 3=compatibilityGroups:*s
DeviceDerivedAttribute: 1=name:s! 2=expression:s!
DeviceRequest: 1=name:s! 2=exactly:ExactDeviceRequest 3=firstAvailable:*DeviceSubRequest
DeviceRequestAllocationResult: 1=request:s! 2=driver:s! 3=pool:s! 4=device:s! 5=adminAccess:b!
  6=tolerations:*DeviceToleration 7=bindingConditions:*s 8=bindingFailureConditions:*s 9=shareID:s!
  10=consumedCapacity:%q 11=skipNodeOperations:*s
DeviceSelector: 1=cel:CELDeviceSelector
DeviceSubRequest: 1=name:s! 2=deviceClassName:s! 3=selectors:*DeviceSelector 4=allocationMode:s 5=count:i
  6=tolerations:*DeviceToleration 7=capacity:CapacityRequirements 8=derivedAttributes:*DeviceDerivedAttribute
DeviceTaint: 1=key:s! 2=value:s 3=effect:s! 4=timeAdded:t
DeviceTaintRule: 1=metadata:ObjectMeta 2=spec:DeviceTaintRuleSpec 3=status:DeviceTaintRuleStatus
DeviceTaintRuleSpec: 1=deviceSelector:DeviceTaintSelector 2=taint:DeviceTaint
DeviceTaintRuleStatus: 1=conditions:*Condition
DeviceTaintSelector: 2=driver:s! 3=pool:s! 4=device:s!
DeviceToleration: 1=key:s 2=operator:s 3=value:s 4=effect:s 5=tolerationSeconds:i!
Endpoint: 1=addresses:*s 2=conditions:EndpointConditions 3=hostname:s! 4=targetRef:ObjectReference
  5=deprecatedTopology:%s 6=nodeName:s! 7=zone:s! 8=hints:EndpointHints
EndpointConditions: 1=ready:b! 2=serving:b! 3=terminating:b!
EndpointHints: 1=forZones:*ForZone 2=forNodes:*ForNode
EndpointSlice: 1=metadata:ObjectMeta 2=endpoints:*Endpoint 3=ports:*SlicePort 4=addressType:s!
EventsEvent: 1=metadata:ObjectMeta 2=eventTime:m 3=series:EventsEventSeries 4=reportingController:s
  5=reportingInstance:s 6=action:s 7=reason:s 8=regarding:ObjectReference 9=related:ObjectReference 10=note:s
  11=type:s 12=deprecatedSource:EventSource 13=deprecatedFirstTimestamp:t 14=deprecatedLastTimestamp:t
  15=deprecatedCount:i
EventsEventSeries: 1=count:i! 2=lastObservedTime:m
Eviction: 1=metadata:ObjectMeta 2=deleteOptions:DeleteOptions
ExactDeviceRequest: 1=deviceClassName:s! 2=selectors:*DeviceSelector 3=allocationMode:s 4=count:i 5=adminAccess:b!
  6=tolerations:*DeviceToleration 7=capacity:CapacityRequirements 8=derivedAttributes:*DeviceDerivedAttribute
ExtraValue: 1=items:*s!
FieldSelectorAttributes: 1=rawSelector:s 2=requirements:*FieldSelectorRequirement
FieldSelectorRequirement: 1=key:s! 2=operator:s! 3=values:*s
ForNode: 1=name:s!
ForZone: 1=name:s!
Job: 1=metadata:ObjectMeta 2=spec:JobSpec 3=status:JobStatus
JobCondition: 1=type:s! 2=status:s! 3=lastProbeTime:t 4=lastTransitionTime:t 5=reason:s 6=message:s
JobSchedulingConfiguration: 1=schedulingPolicy:WorkloadPodGroupSchedulingPolicy
  2=schedulingConstraints:WorkloadPodGroupSchedulingConstraints 3=disruptionMode:WorkloadPodGroupDisruptionMode
  4=resourceClaims:*WorkloadPodGroupResourceClaim
JobSpec: 1=parallelism:i! 2=completions:i! 3=activeDeadlineSeconds:i! 4=selector:LabelSelector 5=manualSelector:b!
  6=template:PodTemplateSpec 7=backoffLimit:i! 8=ttlSecondsAfterFinished:i! 9=completionMode:s! 10=suspend:b!
  11=podFailurePolicy:PodFailurePolicy 12=backoffLimitPerIndex:i! 13=maxFailedIndexes:i! 14=podReplacementPolicy:s!
  15=managedBy:s! 16=successPolicy:SuccessPolicy 17=scheduling:JobSchedulingConfiguration
JobStatus: 1=conditions:*JobCondition 2=startTime:t 3=completionTime:t 4=active:i 5=succeeded:i 6=failed:i
  7=completedIndexes:s 8=uncountedTerminatedPods:UncountedTerminatedPods 9=ready:i! 10=failedIndexes:s!
  11=terminating:i!
JobTemplateSpec: 1=metadata:ObjectMeta 2=spec:JobSpec
LabelSelectorAttributes: 1=rawSelector:s 2=requirements:*LabelSelectorRequirement
Lease: 1=metadata:ObjectMeta 2=spec:LeaseSpec
LeaseSpec: 1=holderIdentity:s! 2=leaseDurationSeconds:i! 3=acquireTime:m 4=renewTime:m 5=leaseTransitions:i!
  6=strategy:s! 7=preferredHolder:s!
LocalSubjectAccessReview: 1=metadata:ObjectMeta 2=spec:SubjectAccessReviewSpec 3=status:SubjectAccessReviewStatus
NetworkDeviceData: 1=interfaceName:s 2=ips:*s 3=hardwareAddress:s
NodeAllocatableMapping: 1=capacityKey:s! 2=capacityMultiplier:q 3=deviceMultiplier:q
NodeAllocatableOverhead: 1=perPod:q 2=perContainer:q
NodeAllocatableResource: 3=mapping:NodeAllocatableMapping 4=overhead:NodeAllocatableOverhead
NonResourceAttributes: 1=path:s 2=verb:s
NonResourceRule: 1=verbs:*s 2=nonResourceURLs:*s
OpaqueDeviceConfiguration: 1=driver:s! 2=parameters:r
PodDisruptionBudget: 1=metadata:ObjectMeta 2=spec:PodDisruptionBudgetSpec 3=status:PodDisruptionBudgetStatus
PodDisruptionBudgetSpec: 1=minAvailable:x 2=selector:LabelSelector 3=maxUnavailable:x 4=unhealthyPodEvictionPolicy:s!
PodDisruptionBudgetStatus: 1=observedGeneration:i 2=disruptedPods:%t 3=disruptionsAllowed:i! 4=currentHealthy:i!
  5=desiredHealthy:i! 6=expectedPods:i! 7=conditions:*Condition
PodFailurePolicy: 1=rules:*PodFailurePolicyRule
PodFailurePolicyOnExitCodesRequirement: 1=containerName:s! 2=operator:s! 3=values:*i
PodFailurePolicyOnPodConditionsPattern: 1=type:s! 2=status:s!
PodFailurePolicyRule: 1=action:s! 2=onExitCodes:PodFailurePolicyOnExitCodesRequirement
  3=onPodConditions:*PodFailurePolicyOnPodConditionsPattern
PolicyRule: 1=verbs:*s 2=apiGroups:*s 3=resources:*s 4=resourceNames:*s 5=nonResourceURLs:*s
PriorityClass: 1=metadata:ObjectMeta 2=value:i! 3=globalDefault:b 4=description:s 5=preemptionPolicy:s!
ReplicaSet: 1=metadata:ObjectMeta 2=spec:ReplicaSetSpec 3=status:ReplicaSetStatus
ReplicaSetCondition: 1=type:s! 2=status:s! 3=lastTransitionTime:t 4=reason:s 5=message:s
ReplicaSetSpec: 1=replicas:i! 2=selector:LabelSelector 3=template:PodTemplateSpec 4=minReadySeconds:i
ReplicaSetStatus: 1=replicas:i! 2=fullyLabeledReplicas:i 3=observedGeneration:i 4=readyReplicas:i
  5=availableReplicas:i 6=conditions:*ReplicaSetCondition 7=terminatingReplicas:i!
ResourceAttributes: 1=namespace:s 2=verb:s 3=group:s 4=version:s 5=resource:s 6=subresource:s 7=name:s
  8=fieldSelector:FieldSelectorAttributes 9=labelSelector:LabelSelectorAttributes
ResourceClaim: 1=metadata:ObjectMeta 2=spec:ResourceClaimSpec 3=status:ResourceClaimStatus
ResourceClaimConsumerReference: 1=apiGroup:s 3=resource:s! 4=name:s! 5=uid:s!
ResourceClaimSpec: 1=devices:DeviceClaim
ResourceClaimStatus: 1=allocation:AllocationResult 2=reservedFor:*ResourceClaimConsumerReference
  4=devices:*AllocatedDeviceStatus
ResourceClaimTemplate: 1=metadata:ObjectMeta 2=spec:ResourceClaimTemplateSpec
ResourceClaimTemplateSpec: 1=metadata:ObjectMeta 2=spec:ResourceClaimSpec
ResourcePool: 1=name:s! 2=generation:i! 3=resourceSliceCount:i!
ResourceRule: 1=verbs:*s 2=apiGroups:*s 3=resources:*s 4=resourceNames:*s
ResourceSlice: 1=metadata:ObjectMeta 2=spec:ResourceSliceSpec
ResourceSliceSpec: 1=driver:s! 2=pool:ResourcePool 3=nodeName:s! 4=nodeSelector:NodeSelector 5=allNodes:b!
  6=devices:*Device 7=perDeviceNodeSelection:b! 8=sharedCounters:*CounterSet 9=partitionTypeAttribute:s!
  10=skipNodeOperations:*s
Role: 1=metadata:ObjectMeta 2=rules:*PolicyRule
RoleBinding: 1=metadata:ObjectMeta 2=subjects:*Subject 3=roleRef:RoleRef
RoleRef: 1=apiGroup:s! 2=kind:s! 3=name:s!
RollingUpdateDaemonSet: 1=maxUnavailable:x 2=maxSurge:x
RollingUpdateDeployment: 1=maxUnavailable:x 2=maxSurge:x
RollingUpdateStatefulSetStrategy: 1=partition:i! 2=maxUnavailable:x
Scale: 1=metadata:ObjectMeta 2=spec:ScaleSpec 3=status:ScaleStatus
ScaleSpec: 1=replicas:i
ScaleStatus: 1=replicas:i! 2=selector:s
SelfSubjectAccessReview: 1=metadata:ObjectMeta 2=spec:SelfSubjectAccessReviewSpec 3=status:SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec: 1=resourceAttributes:ResourceAttributes 2=nonResourceAttributes:NonResourceAttributes
SelfSubjectReview: 1=metadata:ObjectMeta 2=status:SelfSubjectReviewStatus
SelfSubjectReviewStatus: 1=userInfo:UserInfo
SelfSubjectRulesReview: 1=metadata:ObjectMeta 2=spec:SelfSubjectRulesReviewSpec 3=status:SubjectRulesReviewStatus
SelfSubjectRulesReviewSpec: 1=namespace:s
SlicePort: 1=name:s! 2=protocol:s! 3=port:i! 4=appProtocol:s!
StatefulSet: 1=metadata:ObjectMeta 2=spec:StatefulSetSpec 3=status:StatefulSetStatus
StatefulSetCondition: 1=type:s! 2=status:s! 3=lastTransitionTime:t 4=reason:s 5=message:s
StatefulSetOrdinals: 1=start:i!
StatefulSetPersistentVolumeClaimRetentionPolicy: 1=whenDeleted:s 2=whenScaled:s
StatefulSetSpec: 1=replicas:i! 2=selector:LabelSelector 3=template:PodTemplateSpec
  4=volumeClaimTemplates:*PersistentVolumeClaim 5=serviceName:s! 6=podManagementPolicy:s
  7=updateStrategy:StatefulSetUpdateStrategy 8=revisionHistoryLimit:i! 9=minReadySeconds:i
  10=persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy
  11=ordinals:StatefulSetOrdinals
StatefulSetStatus: 1=observedGeneration:i 2=replicas:i! 3=readyReplicas:i 4=currentReplicas:i 5=updatedReplicas:i
  6=currentRevision:s 7=updateRevision:s 9=collisionCount:i! 10=conditions:*StatefulSetCondition
  11=availableReplicas:i!
StatefulSetUpdateStrategy: 1=type:s 2=rollingUpdate:RollingUpdateStatefulSetStrategy
StorageClass: 1=metadata:ObjectMeta 2=provisioner:s! 3=parameters:%s 4=reclaimPolicy:s! 5=mountOptions:*s
  6=allowVolumeExpansion:b! 7=volumeBindingMode:s! 8=allowedTopologies:*TopologySelectorTerm
Subject: 1=kind:s! 2=apiGroup:s 3=name:s! 4=namespace:s
SubjectAccessReview: 1=metadata:ObjectMeta 2=spec:SubjectAccessReviewSpec 3=status:SubjectAccessReviewStatus
SubjectAccessReviewSpec: 1=resourceAttributes:ResourceAttributes 2=nonResourceAttributes:NonResourceAttributes
  3=user:s 4=groups:*s 5=extra:%ExtraValue 6=uid:s
SubjectAccessReviewStatus: 1=allowed:b! 2=reason:s 3=evaluationError:s 4=denied:b
SubjectRulesReviewStatus: 1=resourceRules:*ResourceRule 2=nonResourceRules:*NonResourceRule 3=incomplete:b!
  4=evaluationError:s
SuccessPolicy: 1=rules:*SuccessPolicyRule
SuccessPolicyRule: 1=succeededIndexes:s! 2=succeededCount:i!
TopologyConstraint: 1=key:s!
TopologySelectorLabelRequirement: 1=key:s! 2=values:*s
TopologySelectorTerm: 1=matchLabelExpressions:*TopologySelectorLabelRequirement
UncountedTerminatedPods: 1=succeeded:*s 2=failed:*s
UserInfo: 1=username:s 2=uid:s 3=groups:*s 4=extra:%ExtraValue
WorkloadPodGroupAllDisruptionMode:
WorkloadPodGroupBasicSchedulingPolicy:
WorkloadPodGroupDisruptionMode: 1=single:WorkloadPodGroupSingleDisruptionMode 2=all:WorkloadPodGroupAllDisruptionMode
WorkloadPodGroupGangSchedulingPolicy: 1=minCount:i!
WorkloadPodGroupResourceClaim: 1=name:s! 2=resourceClaimName:s! 3=resourceClaimTemplateName:s!
WorkloadPodGroupSchedulingConstraints: 1=topology:*TopologyConstraint
WorkloadPodGroupSchedulingPolicy: 1=basic:WorkloadPodGroupBasicSchedulingPolicy
  2=gang:WorkloadPodGroupGangSchedulingPolicy
WorkloadPodGroupSingleDisruptionMode:
"""
