{{- define "all" -}}
kind: Values
metadata:
  name: {{ .Template.Name | quote }}
values:
  {{- toYaml .Values | nindent 2 }}
chart:
  {{- toYaml .Chart | nindent 2 }}
subcharts:
  {{- range $name, $sub := .Subcharts }}
  - {{ $name }} {{ $sub.Chart.Version }} {{ $sub.Values | toJson | quote }}
  {{- end }}
json: {{ .Values | toJson | squote }}
printed: {{ print .Values | quote }}
nothing: ["{{ .Values.none }}", {{ .Values.deep | default dict | toJson | quote }}]
{{- end -}}
