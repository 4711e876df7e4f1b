import { z } from "zod";

const seconds = (limit: number) => z.number().int().min(0).max(limit);

/**
 * The settings of the controller, under the names of the Secret Store extension. Every one has a default; a wrong one
 * is an error that names it.
 */
export const settingsSchema = z
  .strictObject({
    /** How often each SecretSync is compared with the vault. */
    rotationPollIntervalInSeconds: seconds(31_536_000).min(1).default(3600),
    /** A uniform random delay up to this long comes before every synchronisation. */
    jitterSeconds: seconds(31_536_000).default(0),
    /** Write the keys that could be fetched even if others could not. */
    enablePartialSecretSync: z.boolean().default(true),
    /** Distinguishes the clusters of a fleet, so that their polls do not align. */
    clusterId: z.string().max(253).default(""),
    /** How many SecretSyncs are worked on at a time. */
    maxConcurrentSyncs: z.number().int().min(1).max(1000).default(32),
    /** Types of Secrets that may be written. */
    allowedSecretTypes: z
      .array(z.string().min(1))
      .default([
        "Opaque",
        "kubernetes.io/basic-auth",
        "bootstrap.kubernetes.io/token",
        "kubernetes.io/dockerconfigjson",
        "kubernetes.io/dockercfg",
        "kubernetes.io/ssh-auth",
        "kubernetes.io/tls",
      ]),
    /** Audiences of the ServiceAccount tokens that the provider exchanges. */
    tokenAudiences: z.array(z.string().min(1)).min(1).default(["api://AzureADTokenExchange"]),
    /** The namespace of the controller: its Lease and its installation key live there. */
    namespace: z.string().min(1).max(63).default("azure-secret-store"),
    /** How long one Mount may take. */
    mountTimeoutInSeconds: seconds(3600).min(1).default(60),
    /** A poll without change writes status only every so many polls. */
    statusEveryPolls: z.number().int().min(1).max(1000).default(24),
  })
  .readonly();

/** Complete and checked. */
export type Settings = z.infer<typeof settingsSchema>;

/** What a caller gives; what is absent takes its default. */
export type SettingsInput = z.input<typeof settingsSchema>;
