"""The shapes of kinds that steer others - network policies, ingresses, autoscalers, admission - as in `wire_types`.

Of CustomResourceDefinitions the schemas are left open: nobody sends them in protobuf.
"""

RULES = """
AuditAnnotation: 1=key:s! 2=valueExpression:s!
ContainerResourceMetricSource: 1=name:s! 2=target:MetricTarget 3=container:s!
ContainerResourceMetricStatus: 1=name:s! 2=current:MetricValueStatus 3=container:s!
CrossVersionObjectReference: 1=kind:s! 2=name:s! 3=apiVersion:s
CustomResourceColumnDefinition: 1=name:s! 2=type:s! 3=format:s 4=description:s 5=priority:i 6=jsonPath:s!
CustomResourceConversion: 1=strategy:s! 2=webhook:WebhookConversion
CustomResourceDefinition: 1=metadata:ObjectMeta 2=spec:CustomResourceDefinitionSpec
  3=status:CustomResourceDefinitionStatus
CustomResourceDefinitionCondition: 1=type:s! 2=status:s! 3=lastTransitionTime:t 4=reason:s 5=message:s
  6=observedGeneration:i
CustomResourceDefinitionNames: 1=plural:s! 2=singular:s 3=shortNames:*s 4=kind:s! 5=listKind:s 6=categories:*s
CustomResourceDefinitionSpec: 1=group:s! 3=names:CustomResourceDefinitionNames 4=scope:s!
  7=versions:*CustomResourceDefinitionVersion 9=conversion:CustomResourceConversion 10=preserveUnknownFields:b
CustomResourceDefinitionStatus: 1=conditions:*CustomResourceDefinitionCondition
  2=acceptedNames:CustomResourceDefinitionNames 3=storedVersions:*s 4=observedGeneration:i
CustomResourceDefinitionVersion: 1=name:s! 2=served:b! 3=storage:b! 4=schema:CustomResourceValidation
  5=subresources:CustomResourceSubresources 6=additionalPrinterColumns:*CustomResourceColumnDefinition 7=deprecated:b
  8=deprecationWarning:s! 9=selectableFields:*SelectableField
CustomResourceSubresourceScale: 1=specReplicasPath:s! 2=statusReplicasPath:s! 3=labelSelectorPath:s!
CustomResourceSubresources: 1=status:r 2=scale:CustomResourceSubresourceScale
CustomResourceValidation: 1=openAPIV3Schema:r
ExpressionWarning: 2=fieldRef:s! 3=warning:s!
ExternalMetricSource: 1=metric:MetricIdentifier 2=target:MetricTarget
ExternalMetricStatus: 1=metric:MetricIdentifier 2=current:MetricValueStatus
HPAScalingPolicy: 1=type:s! 2=value:i! 3=periodSeconds:i!
HPAScalingRules: 1=selectPolicy:s! 2=policies:*HPAScalingPolicy 3=stabilizationWindowSeconds:i! 4=tolerance:q
HTTPIngressPath: 1=path:s 2=backend:IngressBackend 3=pathType:s!
HTTPIngressRuleValue: 1=paths:*HTTPIngressPath
HorizontalPodAutoscaler: 1=metadata:ObjectMeta 2=spec:HorizontalPodAutoscalerSpec
  3=status:HorizontalPodAutoscalerStatus
HorizontalPodAutoscalerBehavior: 1=scaleUp:HPAScalingRules 2=scaleDown:HPAScalingRules
HorizontalPodAutoscalerCondition: 1=type:s! 2=status:s! 3=lastTransitionTime:t 4=reason:s 5=message:s
  6=observedGeneration:i
HorizontalPodAutoscalerSpec: 1=scaleTargetRef:CrossVersionObjectReference 2=minReplicas:i! 3=maxReplicas:i!
  4=metrics:*MetricSpec 5=behavior:HorizontalPodAutoscalerBehavior
HorizontalPodAutoscalerStatus: 1=observedGeneration:i! 2=lastScaleTime:t 3=currentReplicas:i 4=desiredReplicas:i!
  5=currentMetrics:*MetricStatus 6=conditions:*HorizontalPodAutoscalerCondition
IPBlock: 1=cidr:s! 2=except:*s
Ingress: 1=metadata:ObjectMeta 2=spec:IngressSpec 3=status:IngressStatus
IngressBackend: 3=resource:TypedLocalObjectReference 4=service:IngressServiceBackend
IngressClass: 1=metadata:ObjectMeta 2=spec:IngressClassSpec
IngressClassParametersReference: 1=apiGroup:s! 2=kind:s! 3=name:s! 4=scope:s! 5=namespace:s!
IngressClassSpec: 1=controller:s 2=parameters:IngressClassParametersReference
IngressLoadBalancerIngress: 1=ip:s 2=hostname:s 4=ports:*IngressPortStatus
IngressLoadBalancerStatus: 1=ingress:*IngressLoadBalancerIngress
IngressPortStatus: 1=port:i! 2=protocol:s! 3=error:s!
IngressRule: 1=host:s 2=:IngressRuleValue
IngressRuleValue: 1=http:HTTPIngressRuleValue
IngressServiceBackend: 1=name:s! 2=port:ServiceBackendPort
IngressSpec: 1=defaultBackend:IngressBackend 2=tls:*IngressTLS 3=rules:*IngressRule 4=ingressClassName:s!
IngressStatus: 1=loadBalancer:IngressLoadBalancerStatus
IngressTLS: 1=hosts:*s 2=secretName:s
MatchCondition: 1=name:s! 2=expression:s!
MatchResources: 1=namespaceSelector:LabelSelector 2=objectSelector:LabelSelector
  3=resourceRules:*NamedRuleWithOperations 4=excludeResourceRules:*NamedRuleWithOperations 7=matchPolicy:s!
MetricIdentifier: 1=name:s! 2=selector:LabelSelector
MetricSpec: 1=type:s! 2=object:ObjectMetricSource 3=pods:PodsMetricSource 4=resource:ResourceMetricSource
  5=external:ExternalMetricSource 7=containerResource:ContainerResourceMetricSource
MetricStatus: 1=type:s! 2=object:ObjectMetricStatus 3=pods:PodsMetricStatus 4=resource:ResourceMetricStatus
  5=external:ExternalMetricStatus 7=containerResource:ContainerResourceMetricStatus
MetricTarget: 1=type:s! 2=value:q 3=averageValue:q 4=averageUtilization:i!
MetricValueStatus: 1=value:q 2=averageValue:q 3=averageUtilization:i!
MutatingWebhook: 1=name:s! 2=clientConfig:WebhookClientConfig 3=rules:*RuleWithOperations 4=failurePolicy:s!
  5=namespaceSelector:LabelSelector 6=sideEffects:s! 7=timeoutSeconds:i! 8=admissionReviewVersions:*s
  9=matchPolicy:s! 10=reinvocationPolicy:s! 11=objectSelector:LabelSelector 12=matchConditions:*MatchCondition
MutatingWebhookConfiguration: 1=metadata:ObjectMeta 2=webhooks:*MutatingWebhook
NamedRuleWithOperations: 1=resourceNames:*s 2=:RuleWithOperations
NetworkPolicy: 1=metadata:ObjectMeta 2=spec:NetworkPolicySpec
NetworkPolicyEgressRule: 1=ports:*NetworkPolicyPort 2=to:*NetworkPolicyPeer
NetworkPolicyIngressRule: 1=ports:*NetworkPolicyPort 2=from:*NetworkPolicyPeer
NetworkPolicyPeer: 1=podSelector:LabelSelector 2=namespaceSelector:LabelSelector 3=ipBlock:IPBlock
NetworkPolicyPort: 1=protocol:s! 2=port:x 3=endPort:i!
NetworkPolicySpec: 1=podSelector:LabelSelector 2=ingress:*NetworkPolicyIngressRule 3=egress:*NetworkPolicyEgressRule
  4=policyTypes:*s
ObjectMetricSource: 1=describedObject:CrossVersionObjectReference 2=target:MetricTarget 3=metric:MetricIdentifier
ObjectMetricStatus: 1=metric:MetricIdentifier 2=current:MetricValueStatus
  3=describedObject:CrossVersionObjectReference
ParamKind: 1=apiVersion:s 2=kind:s
ParamRef: 1=name:s 2=namespace:s 3=selector:LabelSelector 4=parameterNotFoundAction:s!
PodsMetricSource: 1=metric:MetricIdentifier 2=target:MetricTarget
PodsMetricStatus: 1=metric:MetricIdentifier 2=current:MetricValueStatus
ResourceMetricSource: 1=name:s! 2=target:MetricTarget
ResourceMetricStatus: 1=name:s! 2=current:MetricValueStatus
Rule: 1=apiGroups:*s 2=apiVersions:*s 3=resources:*s 4=scope:s!
RuleWithOperations: 1=operations:*s 2=:Rule
ServiceBackendPort: 1=name:s 2=number:i
SelectableField: 1=jsonPath:s!
ServiceReference: 1=namespace:s! 2=name:s! 3=path:s! 4=port:i!
TypeChecking: 1=expressionWarnings:*ExpressionWarning
ValidatingAdmissionPolicy: 1=metadata:ObjectMeta 2=spec:ValidatingAdmissionPolicySpec
  3=status:ValidatingAdmissionPolicyStatus
ValidatingAdmissionPolicyBinding: 1=metadata:ObjectMeta 2=spec:ValidatingAdmissionPolicyBindingSpec
ValidatingAdmissionPolicyBindingSpec: 1=policyName:s 2=paramRef:ParamRef 3=matchResources:MatchResources
  4=validationActions:*s
ValidatingAdmissionPolicySpec: 1=paramKind:ParamKind 2=matchConstraints:MatchResources 3=validations:*Validation
  4=failurePolicy:s! 5=auditAnnotations:*AuditAnnotation 6=matchConditions:*MatchCondition 7=variables:*Variable
ValidatingAdmissionPolicyStatus: 1=observedGeneration:i 2=typeChecking:TypeChecking 3=conditions:*Condition
ValidatingWebhook: 1=name:s! 2=clientConfig:WebhookClientConfig 3=rules:*RuleWithOperations 4=failurePolicy:s!
  5=namespaceSelector:LabelSelector 6=sideEffects:s! 7=timeoutSeconds:i! 8=admissionReviewVersions:*s
  9=matchPolicy:s! 10=objectSelector:LabelSelector 11=matchConditions:*MatchCondition
ValidatingWebhookConfiguration: 1=metadata:ObjectMeta 2=webhooks:*ValidatingWebhook
Validation: 1=expression:s! 2=message:s 3=reason:s! 4=messageExpression:s
Variable: 1=name:s! 2=expression:s!
WebhookClientConfig: 1=service:ServiceReference 2=caBundle:y 3=url:s!
WebhookConversion: 2=clientConfig:WebhookClientConfig 3=conversionReviewVersions:*s
"""
