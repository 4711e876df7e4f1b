/**
 * Azure's public regions with a short form for names and the region that they are paired with (the Azure regions list
 * and its page on paired regions, 2026; regions without a pair are on availability zones alone).
 */
export interface Region {
  readonly name: string;
  /** At most five characters. */
  readonly shortName: string;
  readonly pairedWith?: string;
}

const rows: readonly (readonly [name: string, shortName: string, pairedWith?: string])[] = [
  ["eastus", "eus", "westus"],
  ["westus", "wus", "eastus"],
  ["eastus2", "eus2", "centralus"],
  ["centralus", "cus", "eastus2"],
  ["northcentralus", "ncus", "southcentralus"],
  ["southcentralus", "scus", "northcentralus"],
  ["westus2", "wus2", "westcentralus"],
  ["westcentralus", "wcus", "westus2"],
  ["westus3", "wus3", "eastus"],
  ["canadacentral", "cac", "canadaeast"],
  ["canadaeast", "cae", "canadacentral"],
  ["mexicocentral", "mxc"],
  ["brazilsouth", "brs", "southcentralus"],
  ["brazilsoutheast", "brse", "brazilsouth"],
  ["chilecentral", "clc"],
  ["northeurope", "neu", "westeurope"],
  ["westeurope", "weu", "northeurope"],
  ["uksouth", "uks", "ukwest"],
  ["ukwest", "ukw", "uksouth"],
  ["francecentral", "frc", "francesouth"],
  ["francesouth", "frs", "francecentral"],
  ["germanywestcentral", "gwc", "germanynorth"],
  ["germanynorth", "gno", "germanywestcentral"],
  ["switzerlandnorth", "chn", "switzerlandwest"],
  ["switzerlandwest", "chw", "switzerlandnorth"],
  ["norwayeast", "noe", "norwaywest"],
  ["norwaywest", "now", "norwayeast"],
  ["swedencentral", "sec", "swedensouth"],
  ["swedensouth", "ses", "swedencentral"],
  ["polandcentral", "plc"],
  ["italynorth", "itn"],
  ["spaincentral", "esc"],
  ["austriaeast", "ate"],
  ["belgiumcentral", "bec"],
  ["uaenorth", "uan", "uaecentral"],
  ["uaecentral", "uac", "uaenorth"],
  ["qatarcentral", "qac"],
  ["israelcentral", "ilc"],
  ["southafricanorth", "san", "southafricawest"],
  ["southafricawest", "saw", "southafricanorth"],
  ["centralindia", "inc", "southindia"],
  ["southindia", "ins", "centralindia"],
  ["westindia", "inw", "southindia"],
  ["jioindiacentral", "jic", "jioindiawest"],
  ["jioindiawest", "jiw", "jioindiacentral"],
  ["eastasia", "eas", "southeastasia"],
  ["southeastasia", "seas", "eastasia"],
  ["japaneast", "jpe", "japanwest"],
  ["japanwest", "jpw", "japaneast"],
  ["koreacentral", "krc", "koreasouth"],
  ["koreasouth", "krs", "koreacentral"],
  ["indonesiacentral", "idc"],
  ["malaysiawest", "myw"],
  ["newzealandnorth", "nzn"],
  ["australiaeast", "aue", "australiasoutheast"],
  ["australiasoutheast", "ause", "australiaeast"],
  ["australiacentral", "auc", "australiacentral2"],
  ["australiacentral2", "auc2", "australiacentral"],
];

/** By name, as Azure's resource manager spells it. */
export const regions: ReadonlyMap<string, Region> = new Map(
  rows.map(([name, shortName, pairedWith]) => [
    name,
    { name, shortName, ...(pairedWith === undefined ? {} : { pairedWith }) },
  ]),
);
