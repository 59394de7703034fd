{{/* The namespace of Channel and Approval objects, records and keys; the program has the same constant. */}}
{{- define "gitopsctl.home" -}}gitopsctl-system{{- end }}

{{- define "gitopsctl.fullname" -}}
{{- if contains "gitopsctl" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-gitopsctl" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Of what stands outside of the release's namespace: two releases of one name must not meet there. */}}
{{- define "gitopsctl.rolename" -}}
{{- printf "%s:%s" .Release.Namespace (include "gitopsctl.fullname" .) -}}
{{- end }}

{{- define "gitopsctl.serviceaccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "gitopsctl.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name: name the account when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "gitopsctl.key" -}}
{{- printf "gitopsctl-key-%s" .Values.installation -}}
{{- end }}

{{- define "gitopsctl.selector" -}}
app.kubernetes.io/name: gitopsctl
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gitopsctl.labels" -}}
{{ include "gitopsctl.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "gitopsctl.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}
