import type { MountRequest, MountResponse, ObjectResult, ProviderClient } from "../../provider/client.ts";
import { ProviderCallError } from "../../provider/client.ts";

interface FakeObject {
  value: string;
  version: number;
}

/** A provider that behaves: named values with versions, failures by name, and a record of what was asked. */
export class FakeVaultProvider implements ProviderClient {
  readonly requests: MountRequest[] = [];
  readonly #objects = new Map<string, FakeObject>();
  readonly #failures = new Map<string, { code: string; message: string; retryAfterMs: number }>();
  #outage: ProviderCallError | undefined;
  isHung = false;

  set(name: string, value: string): void {
    this.#objects.set(name, { value, version: (this.#objects.get(name)?.version ?? 0) + 1 });
  }

  fail(name: string, code: string, message = "why", retryAfterMs = 0): void {
    this.#failures.set(name, { code, message, retryAfterMs });
  }

  heal(): void {
    this.#failures.clear();
    this.#outage = undefined;
  }

  failWholly(code: string, message: string, retryable = true): void {
    this.#outage = new ProviderCallError(message, { code, retryable });
  }

  async mount(request: MountRequest, signal?: AbortSignal): Promise<MountResponse> {
    this.requests.push(request);
    if (this.isHung) {
      return new Promise((_resolve, reject) => {
        const refuse = () =>
          reject(
            new ProviderCallError("The provider gave no answer.", {
              code: "DEADLINE_EXCEEDED",
              retryable: true,
            }),
          );
        signal?.addEventListener("abort", refuse, { once: true });
      });
    }
    if (this.#outage !== undefined) throw this.#outage;
    const results = request.requestedPaths.flatMap((path) => this.#result(path));
    const files = results
      .filter((result) => result.ok)
      .map(({ name }) => ({
        path: name,
        mode: 0o644,
        contents: Buffer.from(this.#objects.get(name)!.value),
      }));
    return { objectVersion: [], error: undefined, files, results };
  }

  #result(name: string): ObjectResult[] {
    const failure = this.#failures.get(name);
    const object = this.#objects.get(name);
    if (failure === undefined && object === undefined) return [];
    const common = { type: "secret", name, paths: [name] };
    return failure === undefined
      ? [{ ...common, ok: true, version: `v${object!.version}`, code: "", message: "", retryAfterMs: 0 }]
      : [{ ...common, ok: false, version: "", ...failure }];
  }
}
