/** Writes docs/troubleshooting.md from the tables of reasons and error classes: node scripts/generate-docs/troubleshooting.ts */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { reasonRows } from "../../src/operator/secret-sync/reasons.ts";
import { errorClasses } from "../../src/vault/error-classes.ts";

const retries: Readonly<Record<string, string>> = {
  user: "after 1 to 60 s, later up to 10 min, until someone acts; an edit is tried at once",
  throttle: "when the vault or the budget allows, at first within a second, later within 16 s",
  network: "within a second, later within 30 s",
  bug: "after 1 to 60 s, later up to 15 min",
};

/** The page. */
export function troubleshootingPage(): string {
  const reasons = Object.entries(reasonRows);
  const classes = Object.entries(errorClasses);
  return `# Troubleshooting

Made from the tables in the code by \`node scripts/generate-docs/troubleshooting.ts\`.

\`\`\`
kubectl get secretsync -A
kubectl describe secretsync NAME -n NAMESPACE
\`\`\`

The first shows Ready and the reason of each SecretSync, the second the message, the version of every object in the
vault, when it was last tried and when it is tried next. Whatever the reason, a value that was good stays in the Secret.

To try now instead of waiting:

\`\`\`
kubectl patch secretsync NAME -n NAMESPACE --type merge -p '{"spec":{"forceSynchronization":"NEW-VALUE"}}'
\`\`\`

## Reasons of a SecretSync

| reason | what it means | what to do | Ready |
|---|---|---|---|
${reasons.map(([name, row]) => `| \`${name}\` | ${row.meaning} | ${row.nextStep} | ${row.ready} |`).join("\n")}

## Error classes

They stand at the start of the message under \`ProviderError\` and \`Throttled\`, and in \`status.objects[].reason\`.
${classes.map(([name, row]) => errorClass(name, row)).join("")}`;
}

function errorClass(name: string, row: (typeof errorClasses)[keyof typeof errorClasses]): string {
  return `
### ${name}

${row.sentence}

${row.likelyCauses.map((cause) => `- ${cause}`).join("\n")}

**Next step:** ${row.nextStep}\\
**Tried again:** ${retries[row.retryClass]}.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), troubleshootingPage());
}
