{{/*
A key that the chart does not know is an error, and not a wish that nobody hears. `map` against the keys of `known`; `at` is
how it is named.
*/}}
{{- define "gitopsctl.known" -}}
{{- range $key := keys .map | sortAlpha -}}
{{- if not (has $key $.known) -}}
{{- fail (printf "%s%s: there is no such value; known are %s" $.at $key (join ", " $.known)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "gitopsctl.check" -}}
{{- $known := list "installation" "repositories" "environments" "bindings" "config" "namespaces" "secretFiles" "image" "imagePullSecrets" "replicas" "key" "serviceAccount" "rbac" "state" "resources" "port" "metrics" "networkPolicy" "podDisruptionBudget" "podAnnotations" "podLabels" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" "terminationGracePeriodSeconds" "extraArgs" "extraEnv" "extraVolumes" "extraVolumeMounts" "global" -}}
{{- include "gitopsctl.known" (dict "at" "" "map" .Values "known" $known) -}}
{{- range $name, $keys := dict "image" (list "repository" "tag" "digest" "pullPolicy") "key" (list "create") "serviceAccount" (list "create" "name" "annotations") "rbac" (list "create" "rules" "extraRules" "escalate" "bind") "state" (list "size" "persistent" "storageClass" "existingClaim") "metrics" (list "service" "annotations") "networkPolicy" (list "enabled" "from" "egress") "podDisruptionBudget" (list "enabled") "config" (list "drift" "limits" "log") -}}
{{- include "gitopsctl.known" (dict "at" (printf "%s." $name) "map" (index $.Values $name | default dict) "known" $keys) -}}
{{- end -}}
{{- if not .Values.repositories -}}
{{- fail "repositories: name at least one, for example [{name: shop, url: https://git.example.org/shop.git}]" -}}
{{- end -}}
{{- if not .Values.bindings -}}
{{- fail "bindings: say which channel lands where, for example [{repository: shop, channel: prod}]" -}}
{{- end -}}
{{- if not .Values.environments -}}
{{- fail "environments: name at least one, for example [{name: cluster, kind: cluster}]" -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$" (toString .Values.installation)) -}}
{{- fail "installation: use at most 40 lower-case letters, digits and dashes" -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (or .Values.state.persistent .Values.state.existingClaim) -}}
{{- fail "state.persistent: several replicas cannot share one volume; leave the state in the pod, it can be made anew" -}}
{{- end -}}
{{- if has (include "gitopsctl.home" .) .Values.namespaces -}}
{{- fail (printf "namespaces: no release may write to %s" (include "gitopsctl.home" .)) -}}
{{- end -}}
{{- if .Values.namespaces -}}
{{- range concat (.Values.rbac.rules | default list) .Values.rbac.extraRules -}}
{{- if or (has "*" .apiGroups) (has "*" .resources) (has "*" (.verbs | default list)) -}}
{{- fail "rbac: a rule with '*' is not possible beside namespaces; name the kinds" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
