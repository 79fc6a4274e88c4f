/**
 * The members of Tekton's and Kubernetes' Go types that a TaskRun or a PipelineRun's spec can hold, in the order in which Go writes them: data,
 * read off the v1 API types of Tekton Pipelines 1.14 (what Chains 0.29 builds on) and Kubernetes 0.36 by reflection.
 *
 * A member is `name:type`, with `?` for omitempty and `~` for omitzero. Types: s text, b boolean, n number, `*` pointer, `[` list of, `{` map to,
 * `!` with a JSON form of its own, anything else a type of this table.
 */
export const GO_TYPES: Readonly<Record<string, string>> = {
  AWSElasticBlockStoreVolumeSource: 'volumeID:s fsType?:s partition?:n readOnly?:b',
  Affinity: 'nodeAffinity?:*NodeAffinity podAffinity?:*PodAffinity podAntiAffinity?:*PodAntiAffinity',
  AppArmorProfile: 'type:s localhostProfile?:*s',
  Artifact: 'name?:s values?:[ArtifactValue buildOutput?:b',
  ArtifactValue: 'digest?:{s uri?:s',
  Artifacts: 'inputs?:[Artifact outputs?:[Artifact',
  AzureDiskVolumeSource: 'diskName:s diskURI:s cachingMode?:*s fsType?:*s readOnly?:*b kind?:*s',
  AzureFileVolumeSource: 'secretName:s shareName:s readOnly?:b',
  CSIVolumeSource: 'driver:s readOnly?:*b fsType?:*s volumeAttributes?:{s nodePublishSecretRef?:*LocalObjectReference',
  Capabilities: 'add?:[s drop?:[s',
  CephFSVolumeSource: 'monitors:[s path?:s user?:s secretFile?:s secretRef?:*LocalObjectReference readOnly?:b',
  CinderVolumeSource: 'volumeID:s fsType?:s readOnly?:b secretRef?:*LocalObjectReference',
  ClusterTrustBundleProjection: 'name?:*s signerName?:*s labelSelector?:*LabelSelector optional?:*b path:s',
  Condition: 'type:s status:s severity?:s lastTransitionTime?:!VolatileTime reason?:s message?:s',
  ConfigMapEnvSource: 'name?:s optional?:*b',
  ConfigMapKeySelector: 'name?:s key:s optional?:*b',
  ConfigMapProjection: 'name?:s items?:[KeyToPath optional?:*b',
  ConfigMapVolumeSource: 'name?:s items?:[KeyToPath defaultMode?:*n optional?:*b',
  ContainerPort: 'name?:s hostPort?:n containerPort:n protocol?:s hostIP?:s',
  ContainerStateRunning: 'startedAt?:!Time',
  ContainerStateTerminated:
    'exitCode:n signal?:n reason?:s message?:s startedAt?:!Time finishedAt?:!Time containerID?:s',
  ContainerStateWaiting: 'reason?:s message?:s',
  DownwardAPIProjection: 'items?:[DownwardAPIVolumeFile',
  DownwardAPIVolumeFile: 'path:s fieldRef?:*ObjectFieldSelector resourceFieldRef?:*ResourceFieldSelector mode?:*n',
  DownwardAPIVolumeSource: 'items?:[DownwardAPIVolumeFile defaultMode?:*n',
  EmbeddedTask:
    'apiVersion?:s kind?:s spec?:!RawExtension metadata?:PipelineTaskMetadata params?:[ParamSpec displayName?:s description?:s steps?:[Step volumes?:[Volume stepTemplate?:*StepTemplate sidecars?:[Sidecar workspaces?:[WorkspaceDeclaration results?:[TaskResult',
  EmptyDirVolumeSource: 'medium?:s sizeLimit?:*!Quantity',
  EnvFromSource: 'prefix?:s configMapRef?:*ConfigMapEnvSource secretRef?:*SecretEnvSource',
  EnvVar: 'name:s value?:s valueFrom?:*EnvVarSource',
  EnvVarSource:
    'fieldRef?:*ObjectFieldSelector resourceFieldRef?:*ResourceFieldSelector configMapKeyRef?:*ConfigMapKeySelector secretKeyRef?:*SecretKeySelector fileKeyRef?:*FileKeySelector',
  EphemeralVolumeSource: 'volumeClaimTemplate?:*PersistentVolumeClaimTemplate',
  ExecAction: 'command?:[s',
  FCVolumeSource: 'targetWWNs?:[s lun?:*n fsType?:s readOnly?:b wwids?:[s',
  FeatureFlags:
    'disableCredsInit?:b runningInEnvWithInjectedSidecars?:b requireGitSSHSecretKnownHosts?:b enableAPIFields?:s sendCloudEventsForRuns?:b awaitSidecarReadiness?:b enforceNonfalsifiability?:s enableKeepPodOnCancel?:b verificationNoMatchPolicy?:s enableProvenanceInStatus?:b resultExtractionMethod?:s maxResultSize?:n setSecurityContext?:b setSecurityContextReadOnlyRootFilesystem?:b coschedule?:s enableCELInWhenExpression?:b enableStepActions?:b enableParamEnum?:b enableArtifacts?:b disableInlineSpec?:s enableConciseResolverSyntax?:b enableKubernetesSidecar?:b enableWaitExponentialBackoff?:b enableTerminationMessageCompression?:b enableTektonOCIBundles?:*b',
  FileKeySelector: 'volumeName:s path:s key:s optional?:*b',
  FlexVolumeSource: 'driver:s fsType?:s secretRef?:*LocalObjectReference readOnly?:b options?:{s',
  FlockerVolumeSource: 'datasetName?:s datasetUUID?:s',
  GCEPersistentDiskVolumeSource: 'pdName:s fsType?:s partition?:n readOnly?:b',
  GRPCAction: 'port:n service:*s',
  GitRepoVolumeSource: 'repository:s revision?:s directory?:s',
  GlusterfsVolumeSource: 'endpoints:s path:s readOnly?:b',
  HTTPGetAction: 'path?:s port:!IntOrString host?:s scheme?:s httpHeaders?:[HTTPHeader',
  HTTPHeader: 'name:s value:s',
  HostAlias: 'ip:s hostnames?:[s',
  HostPathVolumeSource: 'path:s type?:*s',
  ISCSIVolumeSource:
    'targetPortal:s iqn:s lun:n iscsiInterface?:s fsType?:s readOnly?:b portals?:[s chapAuthDiscovery?:b chapAuthSession?:b secretRef?:*LocalObjectReference initiatorName?:*s',
  ImageVolumeSource: 'reference?:s pullPolicy?:s',
  IncludeParams: 'name?:s params?:[Param',
  KeyToPath: 'key:s path:s mode?:*n',
  LabelSelector: 'matchLabels?:{s matchExpressions?:[LabelSelectorRequirement',
  LabelSelectorRequirement: 'key:s operator:s values?:[s',
  Lifecycle: 'postStart?:*LifecycleHandler preStop?:*LifecycleHandler stopSignal?:*s',
  LifecycleHandler: 'exec?:*ExecAction httpGet?:*HTTPGetAction tcpSocket?:*TCPSocketAction sleep?:*SleepAction',
  LocalObjectReference: 'name?:s',
  ManagedFieldsEntry:
    'manager?:s operation?:s apiVersion?:s time?:*!Time fieldsType?:s fieldsV1?:*!FieldsV1 subresource?:s',
  Matrix: 'params?:[Param include?:[IncludeParams',
  ModifyVolumeStatus: 'targetVolumeAttributesClassName?:s status:s',
  NFSVolumeSource: 'server:s path:s readOnly?:b',
  NodeAffinity:
    'requiredDuringSchedulingIgnoredDuringExecution?:*NodeSelector preferredDuringSchedulingIgnoredDuringExecution?:[PreferredSchedulingTerm',
  NodeSelector: 'nodeSelectorTerms:[NodeSelectorTerm',
  NodeSelectorRequirement: 'key:s operator:s values?:[s',
  NodeSelectorTerm: 'matchExpressions?:[NodeSelectorRequirement matchFields?:[NodeSelectorRequirement',
  ObjectFieldSelector: 'apiVersion?:s fieldPath:s',
  ObjectMeta:
    'name?:s generateName?:s namespace?:s selfLink?:s uid?:s resourceVersion?:s generation?:n creationTimestamp~:!Time deletionTimestamp?:*!Time deletionGracePeriodSeconds?:*n labels?:{s annotations?:{s ownerReferences?:[OwnerReference finalizers?:[s managedFields?:[ManagedFieldsEntry',
  OwnerReference: 'apiVersion:s kind:s name:s uid:s controller?:*b blockOwnerDeletion?:*b',
  Param: 'name:s value:!ParamValue',
  ParamSpec: 'name:s type?:s description?:s properties?:{PropertySpec default?:*!ParamValue enum?:[s',
  PersistentVolumeClaim:
    'kind?:s apiVersion?:s metadata?:ObjectMeta spec?:PersistentVolumeClaimSpec status?:PersistentVolumeClaimStatus',
  PersistentVolumeClaimCondition: 'type:s status:s lastProbeTime?:!Time lastTransitionTime?:!Time reason?:s message?:s',
  PersistentVolumeClaimSpec:
    'accessModes?:[s selector?:*LabelSelector resources?:VolumeResourceRequirements volumeName?:s storageClassName?:*s volumeMode?:*s dataSource?:*TypedLocalObjectReference dataSourceRef?:*TypedObjectReference volumeAttributesClassName?:*s',
  PersistentVolumeClaimStatus:
    'phase?:s accessModes?:[s capacity?:{!Quantity conditions?:[PersistentVolumeClaimCondition allocatedResources?:{!Quantity allocatedResourceStatuses?:{s currentVolumeAttributesClassName?:*s modifyVolumeStatus?:*ModifyVolumeStatus',
  PersistentVolumeClaimTemplate: 'metadata?:ObjectMeta spec:PersistentVolumeClaimSpec',
  PersistentVolumeClaimVolumeSource: 'claimName:s readOnly?:b',
  PhotonPersistentDiskVolumeSource: 'pdID:s fsType?:s',
  PipelineRef: 'name?:s apiVersion?:s resolver?:s params?:[Param',
  PipelineResult: 'name:s type?:s description:s value:!ParamValue',
  PipelineRunSpec:
    'pipelineRef?:*PipelineRef pipelineSpec?:*PipelineSpec params?:[Param status?:s timeouts?:*TimeoutFields taskRunTemplate?:PipelineTaskRunTemplate workspaces?:[WorkspaceBinding taskRunSpecs?:[PipelineTaskRunSpec managedBy?:*s',
  PipelineSpec:
    'displayName?:s description?:s tasks?:[PipelineTask params?:[ParamSpec workspaces?:[PipelineWorkspaceDeclaration results?:[PipelineResult finally?:[PipelineTask',
  PipelineTask:
    'name?:s displayName?:s description?:s taskRef?:*TaskRef taskSpec?:*EmbeddedTask when?:[WhenExpression retries?:n runAfter?:[s params?:[Param matrix?:*Matrix workspaces?:[WorkspacePipelineTaskBinding timeout?:*!Duration pipelineRef?:*PipelineRef pipelineSpec?:*PipelineSpec onError?:s',
  PipelineTaskMetadata: 'labels?:{s annotations?:{s',
  PipelineTaskRunSpec:
    'pipelineTaskName?:s serviceAccountName?:s podTemplate?:*Template stepSpecs?:[TaskRunStepSpec sidecarSpecs?:[TaskRunSidecarSpec metadata?:*PipelineTaskMetadata computeResources?:*ResourceRequirements timeout?:*!Duration',
  PipelineTaskRunTemplate: 'podTemplate?:*Template serviceAccountName?:s',
  PipelineWorkspaceDeclaration: 'name:s description?:s optional?:b',
  PodAffinity:
    'requiredDuringSchedulingIgnoredDuringExecution?:[PodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution?:[WeightedPodAffinityTerm',
  PodAffinityTerm:
    'labelSelector?:*LabelSelector namespaces?:[s topologyKey:s namespaceSelector?:*LabelSelector matchLabelKeys?:[s mismatchLabelKeys?:[s',
  PodAntiAffinity:
    'requiredDuringSchedulingIgnoredDuringExecution?:[PodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution?:[WeightedPodAffinityTerm',
  PodCertificateProjection:
    'signerName?:s keyType?:s maxExpirationSeconds?:*n credentialBundlePath?:s keyPath?:s certificateChainPath?:s userAnnotations?:{s',
  PodDNSConfig: 'nameservers?:[s searches?:[s options?:[PodDNSConfigOption',
  PodDNSConfigOption: 'name?:s value?:*s',
  PodSecurityContext:
    'seLinuxOptions?:*SELinuxOptions windowsOptions?:*WindowsSecurityContextOptions runAsUser?:*n runAsGroup?:*n runAsNonRoot?:*b supplementalGroups?:[n supplementalGroupsPolicy?:*s fsGroup?:*n sysctls?:[Sysctl fsGroupChangePolicy?:*s seccompProfile?:*SeccompProfile appArmorProfile?:*AppArmorProfile seLinuxChangePolicy?:*s',
  PortworxVolumeSource: 'volumeID:s fsType?:s readOnly?:b',
  PreferredSchedulingTerm: 'weight:n preference:NodeSelectorTerm',
  Probe:
    'exec?:*ExecAction httpGet?:*HTTPGetAction tcpSocket?:*TCPSocketAction grpc?:*GRPCAction initialDelaySeconds?:n timeoutSeconds?:n periodSeconds?:n successThreshold?:n failureThreshold?:n terminationGracePeriodSeconds?:*n',
  ProjectedVolumeSource: 'sources:[VolumeProjection defaultMode?:*n',
  PropertySpec: 'type?:s',
  Provenance: 'refSource?:*RefSource featureFlags?:*FeatureFlags',
  QuobyteVolumeSource: 'registry:s volume:s readOnly?:b user?:s group?:s tenant?:s',
  RBDVolumeSource:
    'monitors:[s image:s fsType?:s pool?:s user?:s keyring?:s secretRef?:*LocalObjectReference readOnly?:b',
  Ref: 'name?:s resolver?:s params?:[Param',
  RefSource: 'uri?:s digest?:{s entryPoint?:s',
  ResourceClaim: 'name:s request?:s',
  ResourceFieldSelector: 'containerName?:s resource:s divisor?:!Quantity',
  ResourceRequirements: 'limits?:{!Quantity requests?:{!Quantity claims?:[ResourceClaim',
  SELinuxOptions: 'user?:s role?:s type?:s level?:s',
  ScaleIOVolumeSource:
    'gateway:s system:s secretRef:*LocalObjectReference sslEnabled?:b protectionDomain?:s storagePool?:s storageMode?:s volumeName?:s fsType?:s readOnly?:b',
  SeccompProfile: 'type:s localhostProfile?:*s',
  SecretEnvSource: 'name?:s optional?:*b',
  SecretKeySelector: 'name?:s key:s optional?:*b',
  SecretProjection: 'name?:s items?:[KeyToPath optional?:*b',
  SecretVolumeSource: 'secretName?:s items?:[KeyToPath defaultMode?:*n optional?:*b',
  SecurityContext:
    'capabilities?:*Capabilities privileged?:*b seLinuxOptions?:*SELinuxOptions windowsOptions?:*WindowsSecurityContextOptions runAsUser?:*n runAsGroup?:*n runAsNonRoot?:*b readOnlyRootFilesystem?:*b allowPrivilegeEscalation?:*b procMount?:*s seccompProfile?:*SeccompProfile appArmorProfile?:*AppArmorProfile',
  ServiceAccountTokenProjection: 'audience?:s expirationSeconds?:*n path:s',
  Sidecar:
    'name:s image?:s command?:[s args?:[s workingDir?:s ports?:[ContainerPort envFrom?:[EnvFromSource env?:[EnvVar computeResources?:ResourceRequirements volumeMounts?:[VolumeMount volumeDevices?:[VolumeDevice livenessProbe?:*Probe readinessProbe?:*Probe startupProbe?:*Probe lifecycle?:*Lifecycle terminationMessagePath?:s terminationMessagePolicy?:s imagePullPolicy?:s securityContext?:*SecurityContext stdin?:b stdinOnce?:b tty?:b script?:s workspaces?:[WorkspaceUsage restartPolicy?:*s',
  SidecarState:
    'waiting?:*ContainerStateWaiting running?:*ContainerStateRunning terminated?:*ContainerStateTerminated name?:s container?:s imageID?:s',
  SleepAction: 'seconds:n',
  Step: 'name:s displayName?:s image?:s command?:[s args?:[s workingDir?:s envFrom?:[EnvFromSource env?:[EnvVar computeResources?:ResourceRequirements volumeMounts?:[VolumeMount volumeDevices?:[VolumeDevice imagePullPolicy?:s securityContext?:*SecurityContext script?:s timeout?:*!Duration workspaces?:[WorkspaceUsage onError?:s stdoutConfig?:*StepOutputConfig stderrConfig?:*StepOutputConfig ref?:*Ref params?:[Param results?:[StepResult when?:[WhenExpression',
  StepOutputConfig: 'path?:s',
  StepResult: 'name:s type?:s properties?:{PropertySpec description?:s',
  StepState:
    'waiting?:*ContainerStateWaiting running?:*ContainerStateRunning terminated?:*ContainerStateTerminated name?:s container?:s imageID?:s results?:[TaskRunResult provenance?:*Provenance terminationReason?:s inputs?:[Artifact outputs?:[Artifact',
  StepTemplate:
    'image?:s command?:[s args?:[s workingDir?:s envFrom?:[EnvFromSource env?:[EnvVar computeResources?:ResourceRequirements volumeMounts?:[VolumeMount volumeDevices?:[VolumeDevice imagePullPolicy?:s securityContext?:*SecurityContext',
  StorageOSVolumeSource: 'volumeName?:s volumeNamespace?:s fsType?:s readOnly?:b secretRef?:*LocalObjectReference',
  Sysctl: 'name:s value:s',
  TCPSocketAction: 'port:!IntOrString host?:s',
  TaskBreakpoints: 'onFailure?:s beforeSteps?:[s',
  TaskRef: 'name?:s kind?:s apiVersion?:s resolver?:s params?:[Param',
  TaskResult: 'name:s type?:s properties?:{PropertySpec description?:s value?:*!ParamValue',
  TaskRun: 'kind?:s apiVersion?:s metadata?:ObjectMeta spec?:TaskRunSpec status?:TaskRunStatus',
  TaskRunDebug: 'breakpoints?:*TaskBreakpoints',
  TaskRunResult: 'name:s type?:s value:!ParamValue',
  TaskRunSidecarSpec: 'name:s computeResources:ResourceRequirements',
  TaskRunSpec:
    'debug?:*TaskRunDebug params?:[Param serviceAccountName:s taskRef?:*TaskRef taskSpec?:*TaskSpec status?:s statusMessage?:s retries?:n timeout?:*!Duration podTemplate?:*Template workspaces?:[WorkspaceBinding stepSpecs?:[TaskRunStepSpec sidecarSpecs?:[TaskRunSidecarSpec computeResources?:*ResourceRequirements managedBy?:*s',
  TaskRunStatus:
    'observedGeneration?:n conditions?:[Condition annotations?:{s podName:s startTime?:*!Time completionTime?:*!Time steps?:[StepState retriesStatus?:[TaskRunStatus results?:[TaskRunResult artifacts?:*Artifacts sidecars?:[SidecarState taskSpec?:*TaskSpec provenance?:*Provenance spanContext?:{s',
  TaskRunStepSpec: 'name:s computeResources:ResourceRequirements',
  TaskSpec:
    'params?:[ParamSpec displayName?:s description?:s steps?:[Step volumes?:[Volume stepTemplate?:*StepTemplate sidecars?:[Sidecar workspaces?:[WorkspaceDeclaration results?:[TaskResult',
  Template:
    'nodeSelector?:{s env?:[EnvVar tolerations?:[Toleration affinity?:*Affinity securityContext?:*PodSecurityContext volumes?:[Volume runtimeClassName?:*s automountServiceAccountToken?:*b dnsPolicy?:*s dnsConfig?:*PodDNSConfig enableServiceLinks?:*b priorityClassName?:*s schedulerName?:s imagePullSecrets?:[LocalObjectReference hostAliases?:[HostAlias hostNetwork?:b hostUsers?:*b topologySpreadConstraints?:[TopologySpreadConstraint',
  TimeoutFields: 'pipeline?:*!Duration tasks?:*!Duration finally?:*!Duration',
  Toleration: 'key?:s operator?:s value?:s effect?:s tolerationSeconds?:*n',
  TopologySpreadConstraint:
    'maxSkew:n topologyKey:s whenUnsatisfiable:s labelSelector?:*LabelSelector minDomains?:*n nodeAffinityPolicy?:*s nodeTaintsPolicy?:*s matchLabelKeys?:[s',
  TypedLocalObjectReference: 'apiGroup:*s kind:s name:s',
  TypedObjectReference: 'apiGroup:*s kind:s name:s namespace?:*s',
  Volume:
    'name:s hostPath?:*HostPathVolumeSource emptyDir?:*EmptyDirVolumeSource gcePersistentDisk?:*GCEPersistentDiskVolumeSource awsElasticBlockStore?:*AWSElasticBlockStoreVolumeSource gitRepo?:*GitRepoVolumeSource secret?:*SecretVolumeSource nfs?:*NFSVolumeSource iscsi?:*ISCSIVolumeSource glusterfs?:*GlusterfsVolumeSource persistentVolumeClaim?:*PersistentVolumeClaimVolumeSource rbd?:*RBDVolumeSource flexVolume?:*FlexVolumeSource cinder?:*CinderVolumeSource cephfs?:*CephFSVolumeSource flocker?:*FlockerVolumeSource downwardAPI?:*DownwardAPIVolumeSource fc?:*FCVolumeSource azureFile?:*AzureFileVolumeSource configMap?:*ConfigMapVolumeSource vsphereVolume?:*VsphereVirtualDiskVolumeSource quobyte?:*QuobyteVolumeSource azureDisk?:*AzureDiskVolumeSource photonPersistentDisk?:*PhotonPersistentDiskVolumeSource projected?:*ProjectedVolumeSource portworxVolume?:*PortworxVolumeSource scaleIO?:*ScaleIOVolumeSource storageos?:*StorageOSVolumeSource csi?:*CSIVolumeSource ephemeral?:*EphemeralVolumeSource image?:*ImageVolumeSource',
  VolumeDevice: 'name:s devicePath:s',
  VolumeMount: 'name:s readOnly?:b recursiveReadOnly?:*s mountPath:s subPath?:s mountPropagation?:*s subPathExpr?:s',
  VolumeProjection:
    'secret?:*SecretProjection downwardAPI?:*DownwardAPIProjection configMap?:*ConfigMapProjection serviceAccountToken?:*ServiceAccountTokenProjection clusterTrustBundle?:*ClusterTrustBundleProjection podCertificate?:*PodCertificateProjection',
  VolumeResourceRequirements: 'limits?:{!Quantity requests?:{!Quantity',
  VsphereVirtualDiskVolumeSource: 'volumePath:s fsType?:s storagePolicyName?:s storagePolicyID?:s',
  WeightedPodAffinityTerm: 'weight:n podAffinityTerm:PodAffinityTerm',
  WhenExpression: 'input?:s operator?:s values?:[s cel?:s',
  WindowsSecurityContextOptions: 'gmsaCredentialSpecName?:*s gmsaCredentialSpec?:*s runAsUserName?:*s hostProcess?:*b',
  WorkspaceBinding:
    'name:s subPath?:s volumeClaimTemplate?:*PersistentVolumeClaim persistentVolumeClaim?:*PersistentVolumeClaimVolumeSource emptyDir?:*EmptyDirVolumeSource configMap?:*ConfigMapVolumeSource secret?:*SecretVolumeSource projected?:*ProjectedVolumeSource csi?:*CSIVolumeSource',
  WorkspaceDeclaration: 'name:s description?:s mountPath?:s readOnly?:b optional?:b',
  WorkspacePipelineTaskBinding: 'name:s workspace?:s subPath?:s',
  WorkspaceUsage: 'name:s mountPath:s',
}
