import type { LayoutPlan, VaultPlan } from "./vault-layout.ts";

/** Files that make the layout real, and the text for the day on which a region is down. */

/**
 * Bicep for one subscription's vaults, deployed into one resource group:
 * `az deployment group create --resource-group NAME --template-file subscription-1.bicep`.
 */
export function layoutAsBicep(plan: LayoutPlan, subscription: string): string {
  const vaults = vaultsOf(plan, subscription).map(
    (vault) =>
      `  { name: '${vault.name}', location: '${vault.region}', application: '${vault.application}', environment: '${vault.environment}' }`,
  );
  return `// Key vaults of ${subscription}: one for each application, environment and region.
targetScope = 'resourceGroup'

@description('Tenant whose identities may read the vaults.')
param tenantId string = subscription().tenantId

@description('Days for which a deleted secret can be brought back.')
@minValue(7)
@maxValue(90)
param retentionDays int = 90

var vaults = [
${vaults.join("\n")}
]

resource keyVaults 'Microsoft.KeyVault/vaults@2023-07-01' = [
  for vault in vaults: {
    name: vault.name
    location: vault.location
    tags: {
      application: vault.application
      environment: vault.environment
    }
    properties: {
      tenantId: tenantId
      sku: {
        family: 'A'
        name: 'standard'
      }
      enableRbacAuthorization: true
      enableSoftDelete: true
      enablePurgeProtection: true
      softDeleteRetentionInDays: retentionDays
    }
  }
]

output vaultUris array = [for index in range(0, length(vaults)): keyVaults[index].properties.vaultUri]
`;
}

/** Terraform for one subscription's vaults, with the azurerm provider of that subscription. */
export function layoutAsTerraform(plan: LayoutPlan, subscription: string): string {
  const vaults = vaultsOf(plan, subscription).map(
    (vault) =>
      `    "${vault.name}" = { location = "${vault.region}", application = "${vault.application}", environment = "${vault.environment}" }`,
  );
  return `# Key vaults of ${subscription}: one for each application, environment and region.
variable "resource_group_name" {
  type        = string
  description = "Resource group of this subscription that holds the vaults."
}

variable "retention_days" {
  type        = number
  default     = 90
  description = "Days for which a deleted secret can be brought back, 7 to 90."
}

data "azurerm_client_config" "current" {}

locals {
  vaults = {
${vaults.join("\n")}
  }
}

resource "azurerm_key_vault" "vault" {
  for_each                   = local.vaults
  name                       = each.key
  location                   = each.value.location
  resource_group_name        = var.resource_group_name
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = var.retention_days

  tags = {
    application = each.value.application
    environment = each.value.environment
  }
}

output "vault_uris" {
  value = { for name, vault in azurerm_key_vault.vault : name => vault.vault_uri }
}
`;
}

/** Markdown: what to do, vault by vault, when a region is down. */
export function layoutAsRunbook(plan: LayoutPlan): string {
  const byRegion = new Map<string, VaultPlan[]>();
  for (const vault of plan.vaults) byRegion.set(vault.region, [...(byRegion.get(vault.region) ?? []), vault]);
  return [
    "# When a region is down",
    "",
    "Key Vault fails over to the paired region by itself, after some minutes, and is read-only until the region is",
    "back. Clusters keep the Secrets they have. Move reads to another vault only when waiting costs more than moving.",
    "",
    "Before it happens:",
    "",
    "1. Keep the secrets of both vaults of an application equal: write each change to both.",
    "2. Give the clusters' identities the role Key Vault Secrets User on both.",
    "3. Set the jitter that the table names, so that the vault that takes over does not throttle.",
    "",
    ...[...byRegion].flatMap(([region, vaults]) => [
      `## ${region}`,
      "",
      "| vault | reads move to | load there | jitterSeconds needed |",
      "| -- | -- | --: | --: |",
      ...vaults.map(({ name, failover }) => {
        const target =
          failover.vault ??
          (failover.region === null ? "no other region: add one" : `a new vault in ${failover.region}`);
        return `| ${name} | ${target} | ${Math.ceil(failover.utilisation * 100)} % | ${failover.neededJitterSeconds ?? "none is enough"} |`;
      }),
      "",
      "1. Set `jitterSeconds` as in the table on every cluster that will move, before anything else.",
      "2. Change `keyvaultName` in the SecretProviderClass of each application to the vault in the second column.",
      "3. Watch for 429 on the vault that takes over: `keyweir audit` names who causes them.",
      "4. When the region is back, compare the secrets of both vaults, then change `keyvaultName` back the same way.",
      "",
    ]),
  ].join("\n");
}

function vaultsOf(plan: LayoutPlan, subscription: string): readonly VaultPlan[] {
  return plan.vaults.filter((vault) => vault.subscription === subscription);
}
