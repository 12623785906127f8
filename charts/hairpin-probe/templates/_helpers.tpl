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

{{/* What keeps the sidecars and redirections of service meshes out of the agents' pods; podLabels and podAnnotations beat them. */}}
{{- define "hairpin-probe.noMeshLabels" -}}
sidecar.istio.io/inject: "false"
istio.io/dataplane-mode: none
kuma.io/sidecar-injection: disabled
{{- end }}

{{- define "hairpin-probe.noMeshAnnotations" -}}
sidecar.istio.io/inject: "false"
linkerd.io/inject: disabled
consul.hashicorp.com/connect-inject: "false"
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

{{/* Whether clients have to show a certificate; they can only where there is TLS. */}}
{{- define "hairpin-probe.needsClientCertificates" -}}
{{- if .Values.tls.clientCertificates.enabled }}
{{- if not .Values.tls.enabled }}
{{- fail "tls.clientCertificates.enabled needs tls.enabled: clients show certificates in TLS only." }}
{{- end }}
{{- true }}
{{- end }}
{{- end }}

{{/* How Prometheus is to speak TLS with the agents. */}}
{{- define "hairpin-probe.monitorTls" -}}
{{- if .Values.podMonitor.tlsConfig }}
{{- toYaml .Values.podMonitor.tlsConfig }}
{{- else -}}
ca:
  secret:
    name: {{ .Values.tls.secretName }}
    key: ca.crt
# Pods are scraped by address, which is in no certificate.
serverName: {{ default (printf "%s.%s.svc" (include "hairpin-probe.fullname" .) (include "hairpin-probe.namespace" .)) .Values.tls.serverName }}
{{- if .Values.tls.clientCertificates.enabled }}
cert:
  secret:
    name: {{ .Values.tls.clientCertificates.scraperSecretName }}
    key: tls.crt
keySecret:
  name: {{ .Values.tls.clientCertificates.scraperSecretName }}
  key: tls.key
{{- end }}
{{- end }}
{{- end }}

{{/* Fails where the Prometheus operator's kinds are asked for, and not known to be there. */}}
{{- define "hairpin-probe.needsOperator" -}}
{{- if not (or .Values.trustCRDsExist (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) }}
{{- fail "podMonitor and prometheusRule need the Prometheus operator, and the cluster does not have its kinds (monitoring.coreos.com/v1). Install it first, turn both off, or set trustCRDsExist=true where the cluster cannot be asked (helm template, Argo CD)." }}
{{- end }}
{{- end }}
