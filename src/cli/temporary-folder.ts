import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder that only this user may enter. Disposing it, or the end of the process, removes it with all it holds. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

/** Makes `<system's temporary folder>/<prefix>XXXXXX`. Throws the operating system's error when it cannot. */
export function createTemporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
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
