import { expect } from "vitest";
import { jsonLogger } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import { VirtualClock } from "../../src/core/virtual-clock.ts";
import { createEmulator, type Emulator, type EmulatorOptions } from "../../src/emulator/index.ts";
import { customCloud, type Cloud } from "../../src/vault/clouds.ts";
import { createVaultGateway, type VaultGateway, type VaultGatewayOptions } from "../../src/vault/gateway.ts";
import { VaultError } from "../../src/vault/errors.ts";
import type { WorkloadIdentity } from "../../src/vault/identity.ts";
import { handlerTransport } from "../../src/vault/transport.ts";
import type { VaultRequest } from "../../src/vault/vault-request.ts";
import { federatedClientId, federation, serviceAccountToken } from "./service-account-tokens.ts";

/** A gateway in front of an emulated vault "demo", in virtual time, with everything that it sends and logs. */
export interface VaultScene {
  readonly clock: VirtualClock;
  readonly emulator: Emulator;
  readonly gateway: VaultGateway;
  readonly cloud: Cloud;
  readonly sent: SentRequest[];
  readonly log: string[];
  /** A service account in namespace shop whose tokens the emulator accepts, with a fresh token each time. */
  identity(serviceAccount?: string): WorkloadIdentity;
  /** Lets virtual time pass until `work` ends. */
  finish<T>(work: Promise<T>): Promise<T>;
}

export interface SentRequest {
  readonly host: string;
  readonly atMs: number;
  /** 0 while there is no answer, and when none came. */
  status: number;
}

export function vaultScene(
  emulatorOptions: Partial<EmulatorOptions> = {},
  gatewayOptions: VaultGatewayOptions = {},
  seed = 1,
): VaultScene {
  const clock = new VirtualClock();
  const emulator = createEmulator({
    vaults: ["demo", "other"],
    clock,
    random: seededRandom(seed),
    ...federation,
    ...emulatorOptions,
  });
  const sent: SentRequest[] = [];
  const log: string[] = [];
  const transport = handlerTransport(async (request) => {
    const record = { host: new URL(request.url).host, atMs: clock.monotonicMs(), status: 0 };
    sent.push(record);
    const response = await emulator.handler(request);
    record.status = response.status;
    return response;
  });
  const gateway = createVaultGateway({
    clock,
    random: seededRandom(seed + 1),
    transport,
    logger: jsonLogger((line) => log.push(line), "debug"),
    options: gatewayOptions,
  });
  return {
    clock,
    emulator,
    gateway,
    cloud: customCloud({ authorityUrl: emulator.authorityHost, vaultDnsSuffix: "vault.localhost" }),
    sent,
    log,
    identity: (serviceAccount = "db") => ({
      kind: "workload",
      tenantId: emulator.tenantId,
      clientId: federatedClientId,
      namespace: "shop",
      serviceAccount,
      assertion: serviceAccountToken(serviceAccount, clock.wallMs()),
    }),
    async finish(work) {
      let isDone = false;
      work.finally(() => (isDone = true)).catch(() => undefined);
      await clock.advanceUntil(() => isDone, 3_600_000);
      return work;
    },
  };
}

/** A read of secret "db" by service account shop/db. */
export function request(scene: VaultScene, changes: Partial<VaultRequest> = {}): VaultRequest {
  return { identity: scene.identity(), cloud: scene.cloud, vaultName: "demo", name: "db", ...changes };
}

/** When the requests to vault "demo" were sent. */
export function vaultTimes(scene: VaultScene): number[] {
  return scene.sent.filter(({ host }) => host.startsWith("demo.")).map(({ atMs }) => atMs);
}

/** What `work` rejects with, which must be a VaultError. */
export async function failureOf(work: Promise<unknown>): Promise<VaultError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(VaultError);
  return thrown as VaultError;
}
