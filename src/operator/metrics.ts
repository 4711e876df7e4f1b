import { createMetrics, type LabelledCounter, type LabelledHistogram } from "../core/metrics.ts";

/** What the controller counts. Labels come from closed sets: reasons and lanes. */
export interface OperatorMetrics {
  readonly attempts: LabelledCounter<"reason" | "lane">;
  readonly attemptSeconds: LabelledHistogram<"lane">;
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
}

/** What is read at the moment of a scrape. */
export interface OperatorGauges {
  readonly tracked: () => number;
  readonly ready: () => number;
  readonly queued: () => number;
}

/** A registry of its own, with the gauges read at each scrape. */
export function createOperatorMetrics(gauges: OperatorGauges): OperatorMetrics {
  const metrics = createMetrics();
  metrics.gauge("keyweir_secretsyncs", "SecretSyncs known to the controller", gauges.tracked);
  metrics.gauge("keyweir_secretsyncs_ready", "SecretSyncs whose Ready condition is True", gauges.ready);
  metrics.gauge("keyweir_queue_length", "SecretSyncs that wait to be synchronised now", gauges.queued);
  return {
    attempts: metrics.counter("keyweir_sync_attempts_total", "Synchronisations by what came of them", [
      "reason",
      "lane",
    ]),
    attemptSeconds: metrics.histogram(
      "keyweir_sync_attempt_seconds",
      "Duration of a synchronisation, the wait for the vault included",
      ["lane"],
      [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60],
    ),
    text: () => metrics.text(),
  };
}
