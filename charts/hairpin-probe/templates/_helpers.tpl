{{- define "hairpin-probe.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "hairpin-probe.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := include "hairpin-probe.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "hairpin-probe.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "hairpin-probe.selector" -}}
app.kubernetes.io/name: {{ include "hairpin-probe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hairpin-probe.labels" -}}
{{ include "hairpin-probe.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hairpin-probe.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "hairpin-probe.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "hairpin-probe.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- $released := printf "%s%s" .Chart.AppVersion (ternary "-capture" "" .Values.capture.enabled) }}
{{- printf "%s:%s" .Values.image.repository (default $released .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The port of the agents' own server, as their setting has it: HOST:PORT or :PORT. */}}
{{- define "hairpin-probe.port" -}}
{{- regexFind "[0-9]+$" (default ":9867" .Values.config.metricsAddress) }}
{{- end }}

{{/* Fails where the Prometheus operator's kinds are asked for, and not known to be there. */}}
{{- define "hairpin-probe.needsOperator" -}}
{{- if not (or .Values.trustCRDsExist (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) }}
{{- fail "podMonitor and prometheusRule need the Prometheus operator, and the cluster does not have its kinds (monitoring.coreos.com/v1). Install it first, turn both off, or set trustCRDsExist=true where the cluster cannot be asked (helm template, Argo CD)." }}
{{- end }}
{{- end }}
