/**
 * Azure Key Vault and the part of Entra ID in front of it, faithful enough that the official SDKs work unmodified,
 * and throttling as the service does. In-process (`createEmulator`) it needs no socket and runs on virtual time.
 * It is for development and tests: secrets live in memory and whoever holds a configured client may read them all.
 */
export { createEmulator } from "./emulator.ts";
export type { Emulator, EmulatorOptions, VaultSpec } from "./emulator.ts";
export type { AccessModel, AccessPolicy, RoleAssignment, RoleName } from "./access-control.ts";
export type { AuditRecord } from "./audit-log.ts";
export type { AuthorityEndpoint, EmulatorClient } from "./authority.ts";
export type { CaptureCounts } from "./capture-proxy.ts";
export type { FederatedCredential } from "./client-assertion.ts";
export type { EmulatedVault, SeedOptions } from "./emulated-vault.ts";
export type { Fault, FaultEffect, Faults } from "./faults.ts";
export type { FirewallRules } from "./firewall.ts";
export { handlerHttpClient } from "./handler-http-client.ts";
export type { KeySource } from "./issuer-keys.ts";
export type { JsonWebKeySet } from "./json-web-token.ts";
export type { VaultCounts } from "./request-counts.ts";
export type { RetryAfter } from "./throttled-response.ts";
export { startEmulator } from "./server.ts";
export type { EmulatorServer, EmulatorServerOptions } from "./server.ts";
