{{/* What is done to an object of a release. Applying is a patch; update is here so that releases may contain Roles with it. */}}
{{- define "gitopsctl.verbs" -}}
[get, list, watch, create, update, patch, delete]
{{- end }}

{{/* What gitopsctl itself keeps where a release is: the inventory, the Release that kubectl shows, and Events about it. */}}
{{- define "gitopsctl.rules.own" -}}
- apiGroups: [""]
  resources: [configmaps]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [gitopsctl.dev]
  resources: [releases]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [events]
  verbs: {{ include "gitopsctl.verbs" . }}
{{- end }}

{{/* What it keeps at home. Approvals are only read there: nobody approves for people. */}}
{{- define "gitopsctl.rules.home" -}}
- apiGroups: [""]
  resources: [configmaps, events]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [gitopsctl.dev]
  resources: [channels]
  verbs: [get, list, watch, create, update, patch]
- apiGroups: [gitopsctl.dev]
  resources: [releases]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [gitopsctl.dev]
  resources: [approvals]
  verbs: [get, list, watch]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, list, watch, create, update, patch]
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "gitopsctl.key" . }}]
  verbs: [get]
{{- if .Values.key.create }}
# A name cannot be asked for here: an object that is not there yet has none for the API server.
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
{{- end }}
{{- end }}

{{/* The kinds that releases are made of, when the agent is kept to some namespaces. */}}
{{- define "gitopsctl.rules.workloads" -}}
- apiGroups: [""]
  resources: [configmaps, endpoints, limitranges, persistentvolumeclaims, pods, podtemplates, replicationcontrollers, resourcequotas, secrets, serviceaccounts, services]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [apps]
  resources: [controllerrevisions, daemonsets, deployments, replicasets, statefulsets]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: {{ include "gitopsctl.verbs" . }}
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings, roles]
  verbs: {{ include "gitopsctl.verbs" . }}
{{- end }}

{{/* Rules of values, with our verbs where they name none. */}}
{{- define "gitopsctl.rules.given" -}}
{{- range . }}
- apiGroups: {{ toJson .apiGroups }}
  resources: {{ toJson .resources }}
{{- with .resourceNames }}
  resourceNames: {{ toJson . }}
{{- end }}
  verbs: {{ if .verbs }}{{ toJson .verbs }}{{ else }}{{ include "gitopsctl.verbs" . }}{{ end }}
{{- end }}
{{- end }}

{{/* What the agent may do to releases, in one namespace or in all. */}}
{{- define "gitopsctl.rules.releases" -}}
{{- if kindIs "slice" .Values.rbac.rules }}
{{- include "gitopsctl.rules.given" .Values.rbac.rules }}
{{- else if .Values.namespaces }}
{{ include "gitopsctl.rules.workloads" . }}
{{- else }}
- apiGroups: ["*"]
  resources: ["*"]
  verbs: {{ include "gitopsctl.verbs" . }}
{{- end }}
{{- include "gitopsctl.rules.given" .Values.rbac.extraRules }}
{{- if .Values.rbac.escalate }}
- apiGroups: [rbac.authorization.k8s.io]
  resources: {{ if .Values.namespaces }}[roles]{{ else }}[clusterroles, roles]{{ end }}
  verbs: [escalate]
{{- end }}
{{- if .Values.rbac.bind }}
- apiGroups: [rbac.authorization.k8s.io]
  resources: {{ if .Values.namespaces }}[roles]{{ else }}[clusterroles, roles]{{ end }}
  verbs: [bind]
{{- end }}
{{- end }}
