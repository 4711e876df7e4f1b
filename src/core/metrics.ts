import { Counter, Gauge, Histogram, Registry } from "@prometheus-io/client";

/**
 * Prometheus metrics of one process. Label values come from closed sets, so that the number of series is bounded:
 * never an object's name, an error text or a URL.
 */
export interface Metrics {
  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): LabelledCounter<Label>;
  /** `read` is called when the metrics are scraped. */
  gauge(name: string, help: string, read: () => number): void;
  histogram<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    buckets: readonly number[],
  ): LabelledHistogram<Label>;
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
}

/** A count that only grows, one series for each combination of labels. */
export interface LabelledCounter<Label extends string> {
  add(labels: Readonly<Record<Label, string>>, amount?: number): void;
}

/** Observed values by bucket, in the unit that ends the metric's name. */
export interface LabelledHistogram<Label extends string> {
  observe(labels: Readonly<Record<Label, string>>, value: number): void;
}

/** An empty registry of its own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  return {
    counter(name, help, labels) {
      const counter = new Counter<string>({ name, help, labelNames: [...labels], registers: [registry] });
      return { add: (values, amount = 1) => counter.inc(values, amount) };
    },
    gauge(name, help, read) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [registry],
        collect: () => gauge.set(read()),
      });
    },
    histogram(name, help, labels, buckets) {
      const histogram = new Histogram<string>({
        name,
        help,
        labelNames: [...labels],
        buckets: [...buckets],
        registers: [registry],
      });
      return { observe: (values, value) => histogram.observe(values, value) };
    },
    text: () => registry.metrics(),
  };
}
