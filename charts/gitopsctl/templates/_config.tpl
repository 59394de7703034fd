{{/* The agent's file. */}}
{{- define "gitopsctl.config" -}}
{{- $first := (index .Values.environments 0).name -}}
{{- $bindings := list -}}
{{- range .Values.bindings -}}
{{- $more := dict "environment" $first -}}
{{- if $.Values.namespaces -}}
{{- $_ := set $more "namespaces" $.Values.namespaces -}}
{{- end -}}
{{- $bindings = append $bindings (merge (deepCopy .) $more) -}}
{{- end -}}
{{- $file := dict "apiVersion" "gitopsctl.dev/v1" "kind" "Agent" "installation" .Values.installation "stateDirectory" "/var/lib/gitopsctl" "listen" (printf ":%d" (int .Values.port)) "repositories" .Values.repositories "environments" .Values.environments "bindings" $bindings -}}
{{- toYaml (merge $file .Values.config) -}}
{{- end }}
