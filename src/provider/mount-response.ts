import type { FetchFailure } from "./fetch-error.ts";
import type { FetchedVersion } from "./fetch-object.ts";
import type { FetchTask } from "./fetch-plan.ts";
import type { MountResponse, ObjectResult } from "./gen/service.ts";
import { messageLimitBytes } from "./channel-options.ts";
import { ProviderCallError } from "./provider-call-error.ts";

/** How one task of a Mount ended. */
export type Outcome =
  | {
      readonly kind: "fetched";
      readonly task: Extract<FetchTask, { kind: "fetch" }>;
      readonly versions: readonly FetchedVersion[];
    }
  | { readonly kind: "failed"; readonly task: FetchTask; readonly failure: FetchFailure };

/** Puts outcomes into the protocol's answer. `results` only if the request was `partial`. */
export function toMountResponse(
  outcomes: readonly Outcome[],
  mode: number,
  isPartial: boolean,
): MountResponse {
  const response: MountResponse = { objectVersion: [], error: undefined, files: [], results: [] };
  let sizeBytes = 0;
  for (const outcome of outcomes) {
    if (isPartial) response.results.push(...toResults(outcome));
    if (outcome.kind === "failed") continue;
    for (const { id, version, files } of outcome.versions) {
      response.objectVersion.push({ id, version });
      for (const { path, contents } of files) {
        sizeBytes += contents.length + path.length + fileOverheadBytes;
        response.files.push({ path, contents, mode: outcome.task.spec.fileMode ?? mode });
      }
    }
  }
  if (sizeBytes > messageLimitBytes) throw tooLarge(response.files.length, sizeBytes);
  return response;
}

/** What a file costs in the message besides its path and contents, generously. */
const fileOverheadBytes = 32;

function tooLarge(fileCount: number, sizeBytes: number): ProviderCallError {
  return new ProviderCallError(
    `The ${fileCount} files have ${sizeBytes} bytes together, a message of the provider protocol at most ${messageLimitBytes}. ` +
      "Spread the objects over several SecretProviderClasses.",
    { code: "TooLarge", retryable: false },
  );
}

function toResults(outcome: Outcome): ObjectResult[] {
  if (outcome.kind === "failed") {
    const { task, failure } = outcome;
    const { type, name } = task.kind === "fetch" ? task.spec : task.object;
    const { code, message, retryAfterMs = 0 } = failure;
    return [{ type, name, paths: pathsOf(task), ok: false, version: "", code, message, retryAfterMs }];
  }
  const { spec, wanted } = outcome.task;
  const result = { type: spec.type, name: spec.name, code: "", message: "", retryAfterMs: 0 };
  const paths = outcome.versions.flatMap((version) => version.files.map((file) => file.path));
  const results = [{ ...result, paths, ok: true, version: outcome.versions[0]?.version ?? "" }];
  const missing =
    wanted === "all" ? [] : wanted.map((file) => file.path).filter((path) => !paths.includes(path));
  if (missing.length > 0) {
    results.push({
      ...result,
      paths: missing,
      ok: false,
      version: "",
      code: "NotFound",
      message: "There are not that many enabled versions of the object. It appears once there are.",
    });
  }
  return results;
}

function pathsOf(task: FetchTask): string[] {
  if (task.kind === "refused") return [...task.paths];
  if (task.wanted !== "all") return task.wanted.map((file) => file.path);
  return [task.spec.historyLength === 1 ? task.spec.path : `${task.spec.path}/0`];
}
