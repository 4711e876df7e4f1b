import { z } from "zod";
import { describeShape } from "./describe.ts";
import { referenceOf } from "./field-reference.ts";

const objectTypes = ["secret", "key", "cert"] as const;

/** One object of a SecretProviderClass, checked. */
export interface ObjectSpec {
  readonly type: (typeof objectTypes)[number];
  readonly name: string;
  /** Where its content goes: the alias, else the name. With a history, the folder. */
  readonly path: string;
  /** Empty: the newest. */
  readonly version: string;
  /** How many versions, newest first, each at `<path>/<index>`; 1 means one file at `path`. */
  readonly historyLength: number;
  readonly format: "pem" | "pfx";
  readonly encoding: "utf-8" | "base64" | "hex";
  readonly fileMode: number | undefined;
}

/** What could be read of an object that is wrong; what could not is empty. */
export interface InvalidObject {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly problems: readonly string[];
}

const maxHistory = 2 ** 31 - 1;

const fields = z.object({
  objectName: z
    .string({ error: "objectName is not set: set it to the name of the object in the vault" })
    .meta({ description: "Name of the object in the vault." }),
  objectType: z
    .enum(objectTypes, {
      error: (issue) =>
        issue.input === undefined
          ? "objectType is not set. Invalid vaultObjectTypes. Should be secret, key, or cert"
          : `objectType is wrong (${describeShape(issue.input as string)}). Invalid vaultObjectTypes. Should be secret, key, or cert (lower case)`,
    })
    .meta({
      description:
        "`secret` (also certificates with their private key), `key` (the public key) or `cert` (the certificate alone).",
      values: objectTypes,
    }),
  objectAlias: z
    .string()
    .optional()
    .meta({ description: "Path of the file instead of the name.", fallback: "objectName" }),
  objectVersion: z.string().optional().meta({
    description: "A version; `latest` or nothing is the newest. With a history: the newest to start at.",
    fallback: "latest",
  }),
  objectVersionHistory: z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return 1;
      const count = Number(text);
      if (!/^[-+]?[0-9]+$/.test(text) || Math.abs(count) > maxHistory) {
        context.addIssue({
          code: "custom",
          message: `objectVersionHistory must be a whole number up to ${maxHistory}, got ${describeShape(text)}`,
        });
      }
      return Math.max(1, count);
    })
    .meta({
      description:
        "Above 1: that many enabled versions, newest first, at `<path>/0`, `<path>/1` … (fewer if fewer exist).",
      fallback: "1",
    }),
  objectFormat: choice("objectFormat", ["pem", "pfx"], "PEM or PFX", "invalid objectFormat").meta({
    description: "Format of a certificate that is fetched as `secret`. Upper and lower case are equal.",
    values: ["pem", "pfx"],
    fallback: "pem",
  }),
  objectEncoding: choice(
    "objectEncoding",
    ["utf-8", "hex", "base64"],
    "hex, base64 or utf-8",
    "invalid objectEncoding",
  ).meta({
    description: "How a secret's text is turned into bytes. Only for `secret`.",
    values: ["utf-8", "hex", "base64"],
    fallback: "utf-8",
  }),
  filePermission: z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return undefined;
      if (/^(0o)?[0-7]{1,4}$/.test(text)) return Number.parseInt(text.replace("0o", ""), 8);
      context.addIssue({
        code: "custom",
        message: `filePermission must be an octal number such as 0644, got ${describeShape(text)}`,
      });
      return undefined;
    })
    .meta({
      description: "Octal mode of the file. No effect on Kubernetes Secrets.",
      fallback: "the mode of the request",
    }),
});

/** The fields of an object of the class. */
export const objectFieldReference = referenceOf(fields.shape);

/** Checks the fields of one object. `given` has the fields that are there; undefined stands for one that is not a text. */
export function parseObjectSpec(
  given: ReadonlyMap<string, string | undefined>,
):
  | { readonly kind: "valid"; readonly spec: ObjectSpec }
  | { readonly kind: "invalid"; readonly object: InvalidObject } {
  const input: Record<string, string> = {};
  const problems: string[] = [];
  const misshapen = new Set<unknown>();
  for (const name of Object.keys(fields.shape)) {
    const value = given.get(name)?.trim();
    if (value !== undefined && value !== "") input[name] = value;
    if (value === undefined && given.has(name)) {
      misshapen.add(name);
      problems.push(`${name} must be a text, not a list, mapping or alias`);
    }
  }
  const path = input["objectAlias"] ?? input["objectName"] ?? "";
  const result = fields.safeParse(input);
  for (const issue of result.error?.issues ?? []) {
    if (!misshapen.has(issue.path[0])) problems.push(issue.message);
  }
  problems.push(...pathProblems(path));
  const type = input["objectType"];
  if (type === "key" || type === "cert") {
    if (input["objectFormat"]?.toLowerCase() === "pfx") {
      problems.push(
        "PFX format only supported for objectType: secret. Remove objectFormat, or fetch it as secret",
      );
    }
    if (input["objectEncoding"] !== undefined && input["objectEncoding"].toLowerCase() !== "utf-8") {
      problems.push("objectEncoding only supported for objectType: secret. Remove objectEncoding");
    }
  }
  const version = input["objectVersion"]?.toLowerCase() === "latest" ? "" : (input["objectVersion"] ?? "");
  if (!result.success || problems.length > 0) {
    return {
      kind: "invalid",
      object: {
        type: objectTypes.find((known) => known === type) ?? "",
        name: input["objectName"] ?? "",
        version,
        path,
        problems,
      },
    };
  }
  const data = result.data;
  return {
    kind: "valid",
    spec: {
      type: data.objectType,
      name: data.objectName,
      path,
      version,
      historyLength: data.objectVersionHistory,
      format: data.objectFormat,
      encoding: data.objectEncoding,
      fileMode: data.filePermission,
    },
  };
}

function choice<const T extends string>(
  name: string,
  values: readonly [T, ...T[]],
  shown: string,
  problem: string,
) {
  return z
    .string()
    .optional()
    .transform((text, context): T => {
      const found = text === undefined ? values[0] : values.find((value) => value === text.toLowerCase());
      if (found !== undefined) return found;
      context.addIssue({
        code: "custom",
        message: `${problem}: ${name} is ${describeShape(text ?? "")}, should be ${shown}`,
      });
      return values[0];
    });
}

function pathProblems(path: string): string[] {
  // An empty path means that the name is missing, which is told already.
  if (path.startsWith("/")) return ["file name must be a relative path: remove the leading / of objectAlias"];
  if (path.startsWith("..") || path.split(/[/\\]/).includes(".."))
    return ["file name must not contain '..': change objectAlias"];
  if (path.includes("\0")) return ["file name must not contain a NUL character: change objectAlias"];
  return [];
}
