{{/* What the daemon would refuse and a schema cannot say: bounds of durations, and values that must agree. In the daemon's words. */}}

{{- define "plimsoll.milliseconds" -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- $unit := dict "ms" 1 "s" 1000 "m" 60000 -}}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $unit (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/* (dict "at" ... "of" ... "bounds" (dict FIELD (list LEAST MOST) ...)) */}}
{{- define "plimsoll.checkSpans" -}}
{{- range $field, $bounds := .bounds -}}
{{- with get $.of $field -}}
{{- $span := include "plimsoll.milliseconds" . | int64 -}}
{{- if or (lt $span (include "plimsoll.milliseconds" (first $bounds) | int64)) (gt $span (include "plimsoll.milliseconds" (last $bounds) | int64)) -}}
{{- fail (printf "%s.%s: expected a duration from %s to %s (got %s)" $.at $field (first $bounds) (last $bounds) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "plimsoll.checkElection" -}}
{{- include "plimsoll.checkSpans" (dict "at" "leaderElection" "of" . "bounds" (dict
  "leaseDuration" (list "2s" "10m") "renewDeadline" (list "1s" "10m") "retryPeriod" (list "100ms" "5m"))) -}}
{{- $lease := .leaseDuration | default "15s" -}}
{{- $deadline := .renewDeadline | default "10s" -}}
{{- $retry := .retryPeriod | default "2s" -}}
{{- if mod (include "plimsoll.milliseconds" $lease | int64) 1000 -}}
{{- fail (printf "leaderElection.leaseDuration: expected whole seconds (got %s)" $lease) -}}
{{- end -}}
{{- if lt (include "plimsoll.milliseconds" $lease | int64) (add 1000 (include "plimsoll.milliseconds" $deadline | int64)) -}}
{{- fail (printf "leaderElection.leaseDuration: must be at least a second longer than renewDeadline, %s (got %s)" $deadline $lease) -}}
{{- end -}}
{{- if le (mul 10 (include "plimsoll.milliseconds" $deadline | int64)) (mul 12 (include "plimsoll.milliseconds" $retry | int64)) -}}
{{- fail (printf "leaderElection.renewDeadline: must be longer than 1.2 times retryPeriod, %s (got %s)" $retry $deadline) -}}
{{- end -}}
{{- end -}}

{{- define "plimsoll.checkConfig" -}}
{{- if and (has "RolloutAnalysis" .controllers) (not (dig "impersonation" "namespaces" list .)) -}}
{{- fail "config.controllers: RolloutAnalysis acts in config.impersonation.namespaces only; list at least one namespace there" -}}
{{- end -}}
{{- $exclude := dig "namespaces" "exclude" (list "kube-system") . -}}
{{- range .namespaces.include -}}
{{- if has . $exclude -}}
{{- fail (printf "config.namespaces: %s is included and excluded (kube-system is excluded unless exclude says otherwise); name it in one of them" .) -}}
{{- end -}}
{{- end -}}
{{- $names := list -}}
{{- range $index, $source := .prometheus -}}
{{- $at := printf "config.prometheus[%d]" $index -}}
{{- if has .name $names -}}{{- fail (printf "%s.name: %s is named twice" $at .name) -}}{{- end -}}
{{- $names = append $names .name -}}
{{- include "plimsoll.checkSpans" (dict "at" $at "of" . "bounds" (dict
  "scrapeInterval" (list "1s" "10m") "pollInterval" (list "1s" "10m") "timeout" (list "1s" "5m"))) -}}
{{- include "plimsoll.checkSpans" (dict "at" (printf "%s.rules" $at) "of" (.rules | default dict) "bounds" (dict "interval" (list "5s" "2m"))) -}}
{{- end -}}
{{- $names = list -}}
{{- range $index, $notifier := .notifiers -}}
{{- $at := printf "config.notifiers[%d]" $index -}}
{{- if has .name $names -}}{{- fail (printf "%s.name: %s is named twice" $at .name) -}}{{- end -}}
{{- $names = append $names .name -}}
{{- include "plimsoll.checkSpans" (dict "at" $at "of" . "bounds" (dict "timeout" (list "1s" "2m"))) -}}
{{- include "plimsoll.checkSpans" (dict "at" (printf "%s.alertmanager" $at) "of" (.alertmanager | default dict)
  "bounds" (dict "resendInterval" (list "5s" "10m"))) -}}
{{- end -}}
{{- end -}}
