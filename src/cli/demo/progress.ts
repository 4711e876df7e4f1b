/** What the demo knows of its SecretSyncs: told by the controller's reports and the vault's audit log. */
import type { Clock } from "../../core/clock.ts";
import type { AuditRecord } from "../../emulator/index.ts";
import type { AttemptReport } from "../../operator/secret-sync/controller.ts";
import type { ExampleSync } from "./example-set.ts";
import type { Arrival, Rotation, SyncRow } from "./screen.ts";

interface Known {
  readonly example: ExampleSync;
  isReady: boolean | undefined;
  reason: string;
  message: string;
  keyCount: number;
  /** When the vault was last read in full, on the monotonic clock. */
  readMs: number | undefined;
  requestCount: number;
  isSettled: boolean;
}

/** Collects reports; `onChange` runs after each. */
export class DemoProgress {
  readonly #clock: Clock;
  readonly #known: Map<string, Known>;
  readonly #waiting: { readonly isDone: () => boolean; readonly resolve: () => void }[] = [];
  #rotation: { readonly secretName: string; readonly version: string; readonly startMs: number } | undefined;
  readonly #arrivals: Arrival[] = [];
  /** Called with the SecretSync's name whenever something is new about it. */
  onChange: (name: string) => void = () => {};

  constructor(clock: Clock, examples: readonly ExampleSync[]) {
    this.#clock = clock;
    this.#known = new Map(
      examples.map((example) => [
        example.name,
        {
          example,
          isReady: undefined,
          reason: "waiting",
          message: "",
          keyCount: 0,
          readMs: undefined,
          requestCount: 0,
          isSettled: false,
        },
      ]),
    );
  }

  /** For the controller. */
  readonly onAttempt = ({ secretSync, status, outcome, lane }: AttemptReport): void => {
    const name = `${secretSync.metadata.namespace}/${secretSync.metadata.name}`;
    const known = this.#known.get(name);
    if (known === undefined) return;
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    known.isReady = ready?.status === "True";
    known.isSettled = true;
    known.reason = outcome.reason;
    known.message = ready?.message ?? "";
    known.keyCount = status.secret?.keys.length ?? 0;
    if (outcome.kind === "synced") known.readMs = this.#clock.monotonicMs();
    this.#recordArrival(name, status.objects?.map(({ version }) => version) ?? [], lane);
    this.onChange(name);
    this.#wake();
  };

  /** For the emulator: counts a request for the SecretSync that reads this secret as this client. */
  readonly onAuditRecord = ({ identity, properties, operationName }: AuditRecord): void => {
    if (operationName !== "SecretGet" || properties.httpStatusCode === 401) return;
    const secretName = new URL(properties.requestUri).pathname.split("/")[2];
    for (const known of this.#known.values()) {
      const { clientId, secretNames } = known.example;
      if (clientId !== identity.claim?.appid || !secretNames.includes(secretName ?? "")) continue;
      known.requestCount++;
      return;
    }
  };

  /** Starts to time how a new version reaches the SecretSyncs that read the secret. */
  startRotation(secretName: string, version: string): void {
    this.#rotation = { secretName, version, startMs: this.#clock.monotonicMs() };
  }

  get rows(): SyncRow[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#known.values()].map(
      ({ example, isReady, reason, message, keyCount, readMs, requestCount }) => ({
        name: example.name,
        isReady,
        reason,
        message,
        keyCount,
        ageMs: readMs === undefined ? undefined : nowMs - readMs,
        vaultRequestCount: requestCount,
      }),
    );
  }

  get rotation(): Rotation | undefined {
    return this.#rotation === undefined ? undefined : { ...this.#rotation, arrivals: this.#arrivals };
  }

  /** Resolves when every SecretSync had its first attempt, however it ended. */
  untilSettled(): Promise<void> {
    return this.#until(() => [...this.#known.values()].every(({ isSettled }) => isSettled));
  }

  /** Resolves when the new version has reached these SecretSyncs. */
  untilArrived(names: readonly string[]): Promise<void> {
    return this.#until(() => names.every((name) => this.#arrivals.some((arrival) => arrival.name === name)));
  }

  #until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isDone()) resolve();
      else this.#waiting.push({ isDone, resolve });
    });
  }

  #wake(): void {
    for (const { isDone, resolve } of this.#waiting) if (isDone()) resolve();
  }

  #recordArrival(name: string, versions: readonly (string | undefined)[], lane: AttemptReport["lane"]): void {
    const rotation = this.#rotation;
    if (rotation === undefined || !versions.includes(rotation.version)) return;
    if (this.#arrivals.some((arrival) => arrival.name === name)) return;
    const how = lane === "forced" ? "asked for at once" : "by its poll";
    this.#arrivals.push({ name, afterMs: this.#clock.monotonicMs() - rotation.startMs, how });
  }
}
