{{- define "stancewire.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "stancewire.labels" -}}
app.kubernetes.io/name: stancewire
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "stancewire.metadata" -}}
name: {{ include "stancewire.name" .root }}-{{ .part }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "stancewire.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "stancewire.image" -}}
{{- $image := index .root.Values.image .image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "stancewire.secret" -}}
{{ .Values.secret.existing | default (printf "%s-stores" (include "stancewire.name" .)) }}
{{- end }}

{{/* Of every pod of ours: an account without rights, no privileges, and nothing of the cluster. */}}
{{- define "stancewire.pod" -}}
serviceAccountName: {{ include "stancewire.name" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 256Mi}
{{- end }}

{{- define "stancewire.container" -}}
image: {{ include "stancewire.image" . | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [{{ .part }}]
envFrom:
  - configMapRef: {name: {{ include "stancewire.name" .root }}-settings}
  - secretRef: {name: {{ include "stancewire.secret" .root }}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
{{- end }}

{{/* Replicas on different nodes and zones where there are several. */}}
{{- define "stancewire.spread" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "stancewire.labels" $ | nindent 8 }}
  {{- end }}
{{- end }}
