import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, UserError } from "../core/errors.ts";

/** A new folder that only this user may enter. Disposing it, or the end of the process, removes it with all it holds. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

/** Makes `<system's temporary folder>/<prefix>XXXXXX`. Throws a {@link UserError} when it cannot. */
export function createTemporaryFolder(prefix: string): TemporaryFolder {
  const path = makeFolder(prefix);
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once("exit", remove);
  return {
    path,
    [Symbol.dispose]() {
      process.off("exit", remove);
      remove();
    },
  };
}

function makeFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (error) {
    throw new UserError(
      `No folder can be made in ${tmpdir()}: ${messageOf(error)}.`,
      "Set TMPDIR to a folder that you may write to.",
      { cause: error },
    );
  }
}
