/// As `CELSamples`, for the definition of RolloutAnalysis.
package enum RolloutCELSamples {
    package static let yaml = #"""
        apiVersion: plimsoll.dev/v1alpha1
        kind: RolloutAnalysis
        metadata:
          name: accepted-observe
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          target: {apiVersion: apps/v1, kind: Deployment, name: checkout}
          serviceAccountName: release-guard
          start: Free
          strategy: {observe: {soak: 1m}}
          gates:
            - {name: errors, slo: {name: checkout-availability}}
            - {name: latency, compare: {histogram: 'http_request_duration_seconds{job="checkout"}', slowerThan: 500ms, pod: pod, tolerance: 1.5x, source: default}}
            - {name: counted, onBreach: Hold, compare: {errors: 'http_requests_total{code=~"5.."}', total: http_requests_total, pod: pod, source: default}}
            - {name: custom, query: {promql: 'vector(1)', success: 'result[0] <= 1', interval: 10s, count: 12, failureLimit: 3, inconclusiveLimit: 0, consecutiveErrorLimit: 4, consecutiveSuccessLimit: 0, noData: Wait, source: default}}
            - {name: pods, health: {maxRestarts: 0, readyWithin: 1m}}
          risk: {falseAlarm: 1%, tolerance: 1.2x}
          holdBack: 0%
          onBreach: Rollback
          rollback: {within: 2m, method: Auto}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: RolloutAnalysis
        metadata:
          name: accepted-canary
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          target: {apiVersion: apps/v1, kind: Deployment, name: checkout}
          serviceAccountName: release-guard
          start: Guard
          strategy:
            canary:
              steps: [{name: first, weight: 10%, soak: 1m}, {name: half, weight: 50%, soak: 5m}]
              traffic: {replicas: {}}
          gates: [{name: pods, health: {maxRestarts: 0, readyWithin: 1m}}]
          errorBudget: {slos: [{name: checkout-availability}], minimumRemaining: 10%, whenUnknown: Allow}
          holdBack: 5%
          onBreach: Hold
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: RolloutAnalysis
        metadata:
          name: refused-canary-free
          annotations:
            plimsoll.dev/refused-at: '.spec'
            plimsoll.dev/refused-with: 'canary needs start: Guard, for a workload that rolls by itself can''t be stepped'
        spec:
          target: {apiVersion: apps/v1, kind: Deployment, name: checkout}
          serviceAccountName: release-guard
          start: Free
          strategy: {canary: {steps: [{name: first, weight: 10%, soak: 1m}]}}
          gates: [{name: pods, health: {maxRestarts: 0, readyWithin: 1m}}]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: RolloutAnalysis
        metadata:
          name: refused-budget-free
          annotations:
            plimsoll.dev/refused-at: '.spec'
            plimsoll.dev/refused-with: 'needs start: Guard, for what starts by itself can''t be held back'
        spec:
          target: {apiVersion: apps/v1, kind: Deployment, name: checkout}
          serviceAccountName: release-guard
          start: Free
          gates: [{name: pods, health: {maxRestarts: 0, readyWithin: 1m}}]
          errorBudget: {slos: [{name: checkout-availability}], minimumRemaining: 10%, whenUnknown: Allow}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: RolloutAnalysis
        metadata:
          name: refused-gate-of-two-kinds
          annotations:
            plimsoll.dev/refused-at: '.spec.gates[]'
            plimsoll.dev/refused-with: 'give exactly one of slo, compare, query, health, job, http, analysisTemplate'
        spec:
          target: {apiVersion: apps/v1, kind: Deployment, name: checkout}
          serviceAccountName: release-guard
          start: Free
          gates: [{name: pods, slo: {name: checkout-availability}, health: {maxRestarts: 0, readyWithin: 1m}}]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: RolloutAnalysis
        metadata:
          name: refused-compare-of-two-kinds
          annotations:
            plimsoll.dev/refused-at: '.spec.gates[].compare'
            plimsoll.dev/refused-with: 'give either errors with total, or histogram'
        spec:
          target: {apiVersion: apps/v1, kind: Deployment, name: checkout}
          serviceAccountName: release-guard
          start: Free
          gates: [{name: both, compare: {errors: 'errors_total', total: 'requests_total', histogram: 'request_seconds', pod: pod, source: default}}]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: RolloutAnalysis
        metadata:
          name: refused-compare-without-total
          annotations:
            plimsoll.dev/refused-at: '.spec.gates[].compare'
            plimsoll.dev/refused-with: 'goes with errors: give both or neither'
        spec:
          target: {apiVersion: apps/v1, kind: Deployment, name: checkout}
          serviceAccountName: release-guard
          start: Free
          gates: [{name: half, compare: {errors: 'errors_total', pod: pod, source: default}}]
        """#
}
