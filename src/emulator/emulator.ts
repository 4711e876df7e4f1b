import { systemClock, type Clock } from "../core/clock.ts";
import type { HttpHandler } from "../core/http.ts";
import { systemRandom, type Random } from "../core/random.ts";
import { UserError } from "../core/errors.ts";
import { limitProfiles, type LimitProfile, type LimitProfileName } from "../limits/profiles.ts";
import { WindowCounter, type WindowKind } from "../limits/window-counter.ts";
import type { AccessModel } from "./access-control.ts";
import { createTokenAuthority } from "./access-token.ts";
import type { AuditRecord } from "./audit-log.ts";
import { Authority, type AuthorityEndpoint, type EmulatorClient } from "./authority.ts";
import { createBackupSeal } from "./backup.ts";
import { createCertificateIssuing } from "./certificate-issuing.ts";
import type { FederatedCredential } from "./client-assertion.ts";
import { EmulatedVault } from "./emulated-vault.ts";
import { Faults } from "./faults.ts";
import { createFirewall, type FirewallRules } from "./firewall.ts";
import { IssuerKeys, type KeySource } from "./issuer-keys.ts";
import { guid } from "./random-id.ts";
import { createRespond } from "./respond.ts";
import type { RetryAfter } from "./throttled-response.ts";
import { toHandler } from "./handler.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

/** A vault to make. */
export interface VaultSpec {
  /** 3 to 24 letters, digits and single dashes. */
  readonly name: string;
  /** `westeurope` when absent. Vaults of one region and subscription share that scope's limits. */
  readonly region?: string;
  /** `00000000-0000-0000-0000-000000000001` when absent. */
  readonly subscription?: string;
  /** Everybody may do everything when absent. */
  readonly access?: AccessModel;
  /** Open when absent. */
  readonly firewall?: FirewallRules;
}

export interface EmulatorOptions {
  readonly vaults: readonly (string | VaultSpec)[];
  readonly clock?: Clock;
  readonly random?: Random;
  /** A named profile or limits of one's own; `azure-2026` when absent. */
  readonly profile?: LimitProfileName | LimitProfile;
  /** `fixed` when absent. */
  readonly window?: WindowKind;
  /** `none` when absent, as the real service. */
  readonly retryAfter?: RetryAfter;
  /** Whether refused requests count against the limits. Off when absent. */
  readonly count429?: boolean;
  /** Whether requests without a valid token count against the limits. Off when absent. */
  readonly count401?: boolean;
  /** How long a delete, recover or purge goes on; 0 when absent, 5,000 to 15,000 on the real service. */
  readonly deleteLatencyMs?: number;
  /** Whether lists have pages without items between those with. Off when absent. */
  readonly emptyPages?: boolean;
  /** How long each answer takes; 0 when absent. */
  readonly latencyMs?: number;
  readonly tenantId?: string;
  /** One demo client when absent. */
  readonly clients?: readonly EmulatorClient[];
  readonly federatedCredentials?: readonly FederatedCredential[];
  /** Issuers of client assertions, by their `iss`. */
  readonly trustedIssuers?: Readonly<Record<string, KeySource>>;
  /** App Service's `IDENTITY_HEADER`; drawn from `random` when absent. */
  readonly identityHeader?: string;
  /** Of access tokens; 3,599 when absent. */
  readonly tokenLifetimeSeconds?: number;
  /** Gets each request to a vault in the exported form of the audit log. */
  readonly onAuditRecord?: (record: AuditRecord) => void;
}

/** Key Vault and the authority in front of it, in this process. */
export interface Emulator {
  /** Serves vaults, authority and managed-identity endpoints, told apart by the host of the URL. */
  readonly handler: HttpHandler;
  /** As {@link handler} on plain values; rejects or throws a ConnectionFault when a fault breaks the connection. */
  readonly respond: (request: WireRequest) => WireResponse | Promise<WireResponse>;
  readonly tenantId: string;
  readonly clients: readonly EmulatorClient[];
  /** What `X-IDENTITY-HEADER` must be at App Service's managed-identity endpoint, `/msi/token`. */
  readonly identityHeader: string;
  /** Where the authority answers when the handler is called without a socket: `https://login.localhost`. */
  readonly authorityHost: string;
  readonly vaultNames: readonly string[];
  readonly faults: Faults;
  /** Seeds and inspects a vault directly, past token, limits and faults. Throws a UserError for an unknown name. */
  vault(name: string): EmulatedVault;
  /** How often the authority was asked, by endpoint. */
  authorityCounts(): Readonly<Record<AuthorityEndpoint, number>>;
}

const defaultTenantId = "5d3c1f60-0b7e-4a53-9f6b-7a1d2c3e4f50";
const defaultSubscription = "00000000-0000-0000-0000-000000000001";
const defaultClients: readonly EmulatorClient[] = [
  { clientId: "11111111-1111-4111-8111-111111111111", clientSecret: "emulator-client-secret" },
];

/** Makes an emulator. Nothing listens: call its handler, or give the options to startEmulator. */
export function createEmulator(options: EmulatorOptions): Emulator {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom();
  const tenantId = options.tenantId ?? defaultTenantId;
  const clients = options.clients ?? defaultClients;
  const tokens = createTokenAuthority(clock, tenantId, options.tokenLifetimeSeconds ?? 3_599);
  const profile = profileOf(options.profile ?? "azure-2026");
  const counter = new WindowCounter({
    profile,
    window: options.window ?? "fixed",
    countRefused: options.count429 ?? false,
  });
  const wallOffsetMs = clock.wallMs() - clock.monotonicMs();
  const seal = createBackupSeal();
  const issuing = createCertificateIssuing(clock, random.fork("certificates"));
  const vaults = new Map<string, EmulatedVault>();
  for (const spec of options.vaults) {
    const { name, region = "westeurope", subscription = defaultSubscription, ...rules } = vaultSpec(spec);
    if (vaults.has(name)) {
      throw new UserError(`emulator: vault ${name} is named twice.`, "Give each vault a name of its own.");
    }
    const vault = new EmulatedVault({
      name,
      region,
      subscription,
      tenantId,
      clock,
      random: random.fork(`vault ${name}`),
      tokens,
      counter: counter.open({ vault: name, subscription, region }),
      windowNowMs: () => clock.monotonicMs() + wallOffsetMs,
      retryAfter: options.retryAfter ?? "none",
      count401: options.count401 ?? false,
      access: rules.access ?? { kind: "open" },
      firewall: createFirewall(name, region, rules.firewall ?? { kind: "open" }),
      deleteLatencyMs: options.deleteLatencyMs ?? 0,
      emptyPages: options.emptyPages ?? false,
      seal,
      profile,
      issuing,
      onAuditRecord: options.onAuditRecord,
    });
    vaults.set(name, vault);
  }
  const counts = { token: 0, discovery: 0, managedIdentity: 0, other: 0 };
  const identityHeader = options.identityHeader ?? guid(random.fork("identity-header"));
  const authority = new Authority({
    tenantId,
    clock,
    random: random.fork("authority"),
    tokens,
    issuerKeys: new IssuerKeys(clock, options.trustedIssuers ?? {}),
    clients,
    federatedCredentials: options.federatedCredentials ?? [],
    identityHeader,
    count: (endpoint) => void counts[endpoint]++,
  });
  const faults = new Faults(clock);
  const respond = createRespond({ vaults, authority, faults, clock, latencyMs: options.latencyMs ?? 0 });
  return {
    handler: toHandler(respond),
    respond,
    tenantId,
    clients,
    identityHeader,
    authorityHost: "https://login.localhost",
    vaultNames: [...vaults.keys()],
    faults,
    vault(name) {
      const vault = vaults.get(name.toLowerCase());
      if (vault !== undefined) return vault;
      throw new UserError(
        `emulator: there is no vault ${name}.`,
        `The vaults are: ${[...vaults.keys()].join(", ")}. Name it when the emulator is made.`,
      );
    },
    authorityCounts: () => ({ ...counts }),
  };
}

function profileOf(given: LimitProfileName | LimitProfile): LimitProfile {
  return typeof given === "string" ? limitProfiles[given] : given;
}

function vaultSpec(given: string | VaultSpec): VaultSpec {
  const spec = typeof given === "string" ? { name: given } : given;
  const name = spec.name.toLowerCase();
  if (/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/.test(name)) return { ...spec, name };
  throw new UserError(
    `emulator: "${spec.name}" cannot name a vault.`,
    "A name has 3 to 24 letters, digits and single dashes, starts with a letter and does not end with a dash.",
  );
}
