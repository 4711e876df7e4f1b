import { jsonLogger } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import { VirtualClock } from "../../src/core/virtual-clock.ts";
import { ProviderCallError } from "../../src/provider/client.ts";
import { createProviderService, type ProviderSettings } from "../../src/provider/service.ts";
import { expectNoCanary } from "./canary.ts";
import { FakeVaultObjects } from "./fake-vault-objects.ts";
import { mountRequest, type MountParts } from "./mount-request.ts";

/** A provider before a vault of objects, on a virtual clock. */
export function providerScene(latencyMs = 0, settings: Partial<ProviderSettings> = {}) {
  const clock = new VirtualClock();
  const vault = new FakeVaultObjects(clock, latencyMs);
  const log: string[] = [];
  const logger = jsonLogger((line) => log.push(line), "debug");
  const service = createProviderService({ clock, random: seededRandom(1), gateway: vault, logger, settings });
  const mount = (parts: MountParts, signal?: AbortSignal) => service.mount(mountRequest(parts), signal);
  /** The error of a Mount that must fail, after checking that nothing planted is in it or in the log. */
  const mountError = async (parts: MountParts): Promise<ProviderCallError> => {
    const error = await mount(parts).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ProviderCallError))
      throw new Error("the Mount did not fail as it should", { cause: error });
    expectNoCanary(error.message);
    expectNoCanary(log.join("\n"));
    return error;
  };
  return { clock, vault, log, service, mount, mountError };
}

/** An object of the class: a secret with these other fields. */
export function secret(name: string, more: Record<string, string | number> = {}) {
  return { objectName: name, objectType: "secret", ...more };
}

/** The contents of files by their path, as text. */
export function textsOf(files: readonly { readonly path: string; readonly contents: Buffer }[]) {
  return Object.fromEntries(files.map((file) => [file.path, file.contents.toString("latin1")]));
}
