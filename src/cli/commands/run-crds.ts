import { stringify } from "yaml";
import { secretProviderClassCrd } from "../../operator/crds/secret-provider-class.ts";
import { secretSyncCrd } from "../../operator/crds/secret-sync.ts";
import type { CliContext } from "../context.ts";

/** `keyweir crds`: the definitions on stdout, ready for kubectl. */
export async function runCrds(this: CliContext): Promise<void> {
  const options = { aliasDuplicateObjects: false, lineWidth: 0 };
  const documents = [secretSyncCrd, secretProviderClassCrd].map((definition) =>
    stringify(definition, options),
  );
  this.process.stdout.write(documents.join("---\n"));
}
