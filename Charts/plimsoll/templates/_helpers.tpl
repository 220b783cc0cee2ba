{{/* Names are the release's, with the chart's where that does not say it already. */}}
{{- define "plimsoll.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "plimsoll.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "plimsoll.labels" -}}
{{ include "plimsoll.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "plimsoll.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "plimsoll.fullname" .) -}}
{{- end -}}

{{- define "plimsoll.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The one namespace that is watched, or nothing: the daemon watches all unless exactly one is included. */}}
{{- define "plimsoll.watchNamespace" -}}
{{- if eq (len .Values.config.namespaces.include) 1 -}}{{ first .Values.config.namespaces.include }}{{- end -}}
{{- end -}}

{{- define "plimsoll.leaseName" -}}
{{- printf "plimsoll-%s" .Values.config.instance -}}
{{- end -}}

{{/* The configuration file: the values', with what the chart knows. */}}
{{- define "plimsoll.config" -}}
{{- include "plimsoll.checkConfig" .Values.config -}}
{{- $config := deepCopy .Values.config -}}
{{- $_ := set $config "serving" (dict "address" (printf "0.0.0.0:%d" (int .Values.port))) -}}
{{- if .Values.gate.enabled -}}
{{- $_ := set $config.serving "gate" (dict "enabled" true) -}}
{{- end -}}
{{- if .Values.leaderElection.enabled -}}
{{- include "plimsoll.checkElection" .Values.leaderElection -}}
{{- $_ := set $config "leaderElection" (merge (dict "namespace" .Release.Namespace) .Values.leaderElection) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* A role and its binding to the daemon's account, in the watched namespace or for the cluster: (dict "root" $ "suffix" ... "rules" ...), with "cluster" true for the cluster in any case */}}
{{- define "plimsoll.role" -}}
{{- $name := printf "%s-%s" (include "plimsoll.fullname" .root) .suffix -}}
{{- $namespace := ternary "" (.namespace | default (include "plimsoll.watchNamespace" .root)) (.cluster | default false) -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "Role" "ClusterRole" (ne $namespace "") }}
metadata:
  name: {{ $name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "plimsoll.labels" .root | nindent 4 }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "RoleBinding" "ClusterRoleBinding" (ne $namespace "") }}
metadata:
  name: {{ $name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "plimsoll.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ ternary "Role" "ClusterRole" (ne $namespace "") }}
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "plimsoll.serviceAccountName" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}
