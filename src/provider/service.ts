/**
 * The provider: turns a Mount into reads of the vault and their answers into files. It knows neither gRPC nor
 * Kubernetes, waits for nothing but its source, and keeps no secret.
 */
import type { Clock } from "../core/clock.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { azurePublicCloud, type Cloud } from "../vault/clouds.ts";
import type { ProviderClient } from "./client.ts";
import { toFetchFailure, type FetchFailure } from "./fetch-error.ts";
import { fetchObject, type FetchContext, type ObjectSource } from "./fetch-object.ts";
import type { FetchTask } from "./fetch-plan.ts";
import type { MountRequest, MountResponse } from "./gen/service.ts";
import { Limiter } from "./limiter.ts";
import { toMountResponse, type Outcome } from "./mount-response.ts";
import { parseMount } from "./mount.ts";
import type { CertificateForms } from "./certificate-secret.ts";
import { LruCache } from "./lru-cache.ts";
import type { ParsedObjects } from "./objects.ts";
import { ProviderCallError } from "./provider-call-error.ts";

export interface ProviderServiceOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** A `VaultGateway`. */
  readonly gateway: ObjectSource;
  readonly logger?: Logger;
  readonly settings?: Partial<ProviderSettings>;
}

export interface ProviderSettings {
  /** How many reads one Mount has in flight at most; 10 by default. */
  readonly maxParallelReads: number;
  /** The cloud of classes that name none; the public one by default. */
  readonly defaultCloud: Cloud;
  /** Stock Mounts also get `<path>.crt` and `<path>.key` of certificates, as with the stock flag of that name. */
  readonly writeCertAndKeyInSeparateFiles: boolean;
}

const defaultSettings: ProviderSettings = {
  maxParallelReads: 10,
  defaultCloud: azurePublicCloud,
  writeCertAndKeyInSeparateFiles: false,
};

/** Characters of `objects` texts whose parsed form is kept: a few thousand classes. */
const objectsCacheLimit = 8 * 1024 * 1024;

/** Characters of converted certificates that are kept: about a thousand. */
const certificateCacheLimit = 16 * 1024 * 1024;

/** The provider in this process; `startProviderServer` (server.ts) puts it behind a socket. */
export function createProviderService(options: ProviderServiceOptions): ProviderClient {
  const { clock, logger = silentLogger } = options;
  const settings = { ...defaultSettings, ...options.settings };
  const service: Service = {
    ...options,
    logger,
    settings,
    objectsCache: new LruCache(objectsCacheLimit),
    certificateCache: new LruCache(certificateCacheLimit),
  };
  return {
    async mount(request, signal = neverAborted) {
      const startMs = clock.monotonicMs();
      try {
        const response = await mount(service, request, signal);
        logger.debug("mounted", { files: response.files.length, durationMs: clock.monotonicMs() - startMs });
        return response;
      } catch (thrown) {
        const error = signal.aborted ? cancelled(signal) : toCallError(service, thrown);
        const durationMs = clock.monotonicMs() - startMs;
        logger.warn("mount failed", { code: error.code, error: error.message, durationMs });
        throw error;
      }
    },
  };
}

type Service = ProviderServiceOptions & {
  readonly logger: Logger;
  readonly settings: ProviderSettings;
  readonly objectsCache: LruCache<ParsedObjects>;
  readonly certificateCache: LruCache<CertificateForms>;
};

const neverAborted = new AbortController().signal;

async function mount(service: Service, request: MountRequest, signal: AbortSignal): Promise<MountResponse> {
  signal.throwIfAborted();
  const parsed = parseMount(request, service.objectsCache, service.settings.defaultCloud);
  if (parsed.kind === "invalid") throw badParameters(parsed.problems, request.partial);
  const { tasks, target, fileMode } = parsed.mount;
  if (!request.partial) refuseAll(tasks);
  const failFast = new AbortController();
  const stop = request.partial || tasks.length === 1 ? signal : AbortSignal.any([signal, failFast.signal]);
  const context: FetchContext = {
    source: service.gateway,
    target,
    limiter: new Limiter(service.settings.maxParallelReads, stop),
    certificateCache: service.certificateCache,
    writesSeparateFiles: service.settings.writeCertAndKeyInSeparateFiles,
    signal: stop,
  };
  const outcomes = await Promise.all(
    tasks.map(async (task) => {
      const outcome = await runTask(service, task, context);
      // A stock Mount ends with its first failure: the reads that are still open are given up.
      if (outcome.kind === "failed" && !request.partial && !failFast.signal.aborted) {
        failFast.abort(new ProviderCallError(stockMessage([{ task, ...outcome.failure }]), outcome.failure));
      }
      return outcome;
    }),
  );
  signal.throwIfAborted();
  failFast.signal.throwIfAborted();
  return toMountResponse(outcomes, fileMode, request.partial);
}

async function runTask(service: Service, task: FetchTask, context: FetchContext): Promise<Outcome> {
  if (task.kind === "refused") {
    const { message } = task;
    const failure = { code: "BadObject", message, retryable: false, retryAfterMs: undefined };
    return { kind: "failed", task, failure };
  }
  try {
    return { kind: "fetched", task, versions: await fetchObject(task.spec, task.wanted, context) };
  } catch (thrown) {
    // What an abort leaves behind is nobody's failure; the whole Mount ends with the abort's reason.
    const failure = context.signal.aborted ? abandoned : toFetchFailure(thrown);
    return { kind: "failed", task, failure: failure ?? describeBug(service, thrown) };
  }
}

const abandoned: FetchFailure = {
  code: "CANCELLED",
  message: "given up",
  retryable: true,
  retryAfterMs: undefined,
};

/** A stock Mount fails when one object is wrong, but tells all that are. */
function refuseAll(tasks: readonly FetchTask[]): void {
  const refused = tasks.filter((task) => task.kind === "refused");
  if (refused.length === 0) return;
  throw new ProviderCallError(stockMessage(refused.map((task) => ({ task, message: task.message }))), {
    code: "BadObject",
    retryable: false,
  });
}

const stockPrefix = "failed to mount objects, error:";

/** The words of the stock provider around failures of objects. */
function stockMessage(failures: readonly { readonly task: FetchTask; readonly message: string }[]): string {
  const texts = failures.map(({ task, message }) => {
    const { type, name, version } = task.kind === "fetch" ? task.spec : task.object;
    if (type === "" && name === "") return message;
    return `failed to get objectType:${short(type)}, objectName:${short(name)}, objectVersion:${short(version)}: ${message}`;
  });
  return `${stockPrefix} ${texts.join("; ")}`;
}

/** Names that no vault could have are cut. */
function short(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}…` : text;
}

function badParameters(problems: readonly string[], isPartial: boolean): ProviderCallError {
  const count = problems.length === 1 ? "" : `${problems.length} problems: `;
  const message = `${count}${problems.join("; ")}`;
  return new ProviderCallError(isPartial ? message : `${stockPrefix} ${message}`, {
    code: "BadParameters",
    retryable: false,
  });
}

function cancelled(signal: AbortSignal): ProviderCallError {
  return new ProviderCallError("The Mount was cancelled by its caller.", {
    code: "CANCELLED",
    retryable: true,
    cause: signal.reason,
  });
}

function toCallError(service: Service, thrown: unknown): ProviderCallError {
  if (thrown instanceof ProviderCallError) return thrown;
  const { message, ...details } = describeBug(service, thrown);
  return new ProviderCallError(message, details);
}

/** A defect: its text may hold anything, so only its name and its stack's places reach the log, under a number. */
function describeBug({ random, logger }: Service, thrown: unknown): FetchFailure {
  const incident = Math.floor(random.next() * 2 ** 32).toString(16);
  const places =
    thrown instanceof Error ? (thrown.stack ?? "").split("\n").filter((line) => /^ {4}at /.test(line)) : [];
  logger.error("defect in the provider", {
    incident,
    kind: thrown instanceof Error ? thrown.name : typeof thrown,
    places: places
      .slice(0, 8)
      .map((place) => place.trim())
      .join(" < "),
  });
  return {
    code: "Unknown",
    message: `The provider failed in a way that it should not (incident ${incident} in its log). Please report it.`,
    retryable: true,
    retryAfterMs: undefined,
  };
}
