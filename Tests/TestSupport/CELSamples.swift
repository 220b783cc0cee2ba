/// Objects for the CEL rules of the SLO's definition: some that all rules accept, and for each rule one that it refuses.
///
/// The annotations say which rule that is: its place in the schema and its message. An API server without CEL takes them all.
package enum CELSamples {
    package static let yaml = #"""
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-errors
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          groupBy: [region, env_le]
          alerting:
            tiers:
              - {name: fast, severity: page, long: 1h, short: 5m, burnRate: 14.4x}
              - {name: slow, severity: ticket, long: 1d12h, short: 1h30m, burnRate: 999.999x}
            page: {labels: {team: shop, plimsoll: on board}, annotations: {runbook_url: 'https://runbooks.example.com/checkout'}}
            ticket: {labels: {team: shop}, annotations: {note: 'in the morning {soon}'}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-good
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: checkout
          objective: 0.5%
          window: {rolling: 1y}
          indicator:
            ratio: {good: 'http_requests_total{job="checkout",code="200"}', total: 'http_requests_total{job="checkout"}'}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-latency
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 1h}
          indicator: {latency: {histogram: 'http_request_duration_seconds{job="checkout"}', threshold: 2s500ms}}
          alerting: {tiers: [{name: fast, severity: page, long: 1h, short: 59m59s999ms, burnRate: 14.4x}]}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-promql
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator: {ratio: {good: 'sum(rate(ok[$window]))', total: 'sum(rate(all[$window]))'}}
          policy:
            - {name: freeze, remainingBelow: 0%, actions: [FreezeRollouts]}
            - {name: warn, remainingBelow: 25%, actions: [Notify]}
            - {name: tell, remainingBelow: 10%, actions: [FreezeRollouts, Notify], notifiers: [oncall, chat]}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-calendar
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: checkout
          objective: 99.9%
          window: {calendar: {unit: Month, timeZone: Europe/Oslo}}
          indicator: {ratio: {good: 'sum(rate(ok[$window]))', total: 'sum(rate(all[$window]))'}}
          exclusions: [{name: weekly-maintenance, schedule: '0 2 * * 0', duration: 2h, timeZone: Europe/Oslo}]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-gauge
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator: {gauge: {metric: 'probe_success{job="blackbox"}'}}
          alerting: {shadow: true}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-slices
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: cockpit
          objective: 95%
          window: {rolling: 30d}
          indicator: {slices: {query: 'max(lcp_seconds)', comparison: AtMost, threshold: '2.5', length: 5m}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: accepted-composite
          annotations:
            plimsoll.dev/accepted: 'true'
        spec:
          service: shop
          objective: 99.5%
          window: {rolling: 30d}
          indicator: {composite: {method: Worst, members: [{name: checkout}, {name: checkout, namespace: shop}, {name: search}]}}
          sharedWith: [ai, platform]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-members
          annotations:
            plimsoll.dev/refused-at: '.spec.indicator.composite'
            plimsoll.dev/refused-with: "each member must be a different SLO"
        spec:
          service: shop
          objective: 99.5%
          window: {rolling: 30d}
          indicator: {composite: {method: Worst, members: [{name: a, namespace: shop}, {name: b}, {name: a, namespace: shop}]}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-mixed
          annotations:
            plimsoll.dev/refused-at: '.spec.indicator.ratio'
            plimsoll.dev/refused-with: "must all be plain selectors, or all PromQL with the placeholder $window"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator: {ratio: {errors: 'http_errors_total', total: 'sum(rate(all[$window]))'}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-slice
          annotations:
            plimsoll.dev/refused-at: '.spec.indicator.slices.length'
            plimsoll.dev/refused-with: "expected a duration from 1m to 1h, like 5m"
        spec:
          service: cockpit
          objective: 95%
          window: {rolling: 30d}
          indicator: {slices: {query: 'max(lcp_seconds)', comparison: AtMost, threshold: '2.5', length: 59s}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-exclusion
          annotations:
            plimsoll.dev/refused-at: '.spec.exclusions[].duration'
            plimsoll.dev/refused-with: "expected a duration from 1m to 1w, like 2h"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          exclusions: [{name: nightly, schedule: '@daily', duration: 59s}]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-window
          annotations:
            plimsoll.dev/refused-at: '.spec.window.rolling'
            plimsoll.dev/refused-with: "expected a duration from 1h to 400d, like 30d"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 59m59s}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-threshold
          annotations:
            plimsoll.dev/refused-at: '.spec.indicator.latency.threshold'
            plimsoll.dev/refused-with: "expected a duration from 1ms to 1d, like 500ms"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator: {latency: {histogram: 'http_request_duration_seconds{job="checkout"}', threshold: 1d1ms}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-both
          annotations:
            plimsoll.dev/refused-at: '.spec.indicator.ratio'
            plimsoll.dev/refused-with: "give exactly one of errors and good"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', good: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-errors-total
          annotations:
            plimsoll.dev/refused-at: '.spec.indicator.ratio'
            plimsoll.dev/refused-with: "selects the same series as total, so that every event would be an error"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator: {ratio: {errors: 'http_requests_total{job="checkout"}', total: 'http_requests_total{job="checkout"}'}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-good-total
          annotations:
            plimsoll.dev/refused-at: '.spec.indicator.ratio'
            plimsoll.dev/refused-with: "selects the same series as total, so that no event could ever be an error"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator: {ratio: {good: 'http_requests_total{job="checkout"}', total: 'http_requests_total{job="checkout"}'}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-group
          annotations:
            plimsoll.dev/refused-at: '.spec.groupBy[]'
            plimsoll.dev/refused-with: "le, alertname, namespace, severity and names that begin with __ or plimsoll_ are Plimsoll's own"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          groupBy: [region, le]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-notifiers
          annotations:
            plimsoll.dev/refused-at: '.spec.policy[]'
            plimsoll.dev/refused-with: "belongs to the action Notify; add it to actions, or remove notifiers"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          policy: [{name: freeze, remainingBelow: 0%, actions: [FreezeRollouts], notifiers: [oncall]}]
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-long
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.tiers[].long'
            plimsoll.dev/refused-with: "expected a duration from 1m to 400d, like 1h"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {tiers: [{name: fast, severity: page, long: 59s, short: 1m, burnRate: 14.4x}]}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-short
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.tiers[].short'
            plimsoll.dev/refused-with: "expected a duration from 1m to 400d, like 5m"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {tiers: [{name: fast, severity: page, long: 1h, short: 30s, burnRate: 14.4x}]}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-short-long
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.tiers[]'
            plimsoll.dev/refused-with: "must be shorter than long"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {tiers: [{name: fast, severity: page, long: 1h, short: 60m, burnRate: 14.4x}]}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-tier-window
          annotations:
            plimsoll.dev/refused-at: '.spec'
            plimsoll.dev/refused-with: "the long window of a tier of alerting.tiers must not exceed window.rolling"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 7d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {tiers: [{name: fast, severity: page, long: 1w1s, short: 5m, burnRate: 14.4x}]}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-tier-rate
          annotations:
            plimsoll.dev/refused-at: '.spec'
            plimsoll.dev/refused-with: "a tier of alerting.tiers can never fire: even if every event failed, the budget would burn more slowly than its burnRate"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting:
            tiers:
              - {name: fast, severity: page, long: 1h, short: 5m, burnRate: 14.4x}
              - {name: b, severity: page, long: 1h, short: 5m, burnRate: 1000x}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-page-label-name
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.page.labels'
            plimsoll.dev/refused-with: "each key must be a Prometheus label name (letters, digits, '_'), of at most 63 characters"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {page: {labels: {"team-name": shop}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-page-label-reserved
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.page.labels'
            plimsoll.dev/refused-with: "alertname, namespace, severity and names that begin with __ or plimsoll_ are Plimsoll's own"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {page: {labels: {namespace: other}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-page-label-text
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.page.labels{}'
            plimsoll.dev/refused-with: "is taken literally; templates ({{ ... }}) are not supported by this version of Plimsoll"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {page: {labels: {team: '{{ $value'}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-page-annotation-name
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.page.annotations'
            plimsoll.dev/refused-with: "each key must be a Prometheus label name (letters, digits, '_'), of at most 63 characters"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {page: {annotations: {9lives: shop}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-page-annotation-text
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.page.annotations{}'
            plimsoll.dev/refused-with: "is taken literally; templates ({{ ... }}) are not supported by this version of Plimsoll"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {page: {annotations: {summary: '{{ $value }}'}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-ticket-label-name
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.ticket.labels'
            plimsoll.dev/refused-with: "each key must be a Prometheus label name (letters, digits, '_'), of at most 63 characters"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {ticket: {labels: {"team-name": shop}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-ticket-label-reserved
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.ticket.labels'
            plimsoll.dev/refused-with: "alertname, namespace, severity and names that begin with __ or plimsoll_ are Plimsoll's own"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {ticket: {labels: {namespace: other}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-ticket-label-text
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.ticket.labels{}'
            plimsoll.dev/refused-with: "is taken literally; templates ({{ ... }}) are not supported by this version of Plimsoll"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {ticket: {labels: {team: '{{ $value'}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-ticket-annotation-name
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.ticket.annotations'
            plimsoll.dev/refused-with: "each key must be a Prometheus label name (letters, digits, '_'), of at most 63 characters"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {ticket: {annotations: {9lives: shop}}}
        ---
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata:
          name: refused-ticket-annotation-text
          annotations:
            plimsoll.dev/refused-at: '.spec.alerting.ticket.annotations{}'
            plimsoll.dev/refused-with: "is taken literally; templates ({{ ... }}) are not supported by this version of Plimsoll"
        spec:
          service: checkout
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          alerting: {ticket: {annotations: {summary: '{{ $value }}'}}}
        """#
}
