/** How the demo is shown: in place on a terminal, as plain lines elsewhere, not at all when a script listens. */
import type { Clock, Timer } from "../../core/clock.ts";
import type { CliContext, CliStream } from "../context.ts";
import { LiveArea } from "../live-area.ts";
import { sizeOf, type Style, styleFor } from "../terminal.ts";
import type { DemoProgress } from "./progress.ts";
import {
  arrivalText,
  type DemoFacts,
  headLines,
  problemLines,
  rotationHeading,
  rotationLines,
  tableLines,
  tryItLines,
} from "./screen.ts";

/** Steps of the demo, in this order. Disposing it ends the display as it stands. */
export interface DemoShow extends Disposable {
  /** The parts are up; SecretSyncs are applied next. */
  start(): void;
  /** A secret has a new version, which these SecretSyncs are to follow. */
  rotated(syncNames: readonly string[]): void;
  /** All has been shown once. */
  finished(): void;
}

export interface ShowOptions {
  readonly facts: DemoFacts;
  readonly progress: DemoProgress;
  /** Whether to say what to try while the demo runs on. */
  readonly isInviting: boolean;
}

/** Shows nothing. */
export const silentShow: DemoShow = { start() {}, rotated() {}, finished() {}, [Symbol.dispose]() {} };

/** Lines of the live area beside those of the table: its heading, a rotation, what to try. */
const otherLineCount = 11;

/** The display that fits where stdout leads. */
export function createShow(context: CliContext, options: ShowOptions): DemoShow {
  const { stdout } = context.process;
  const style = styleFor(context.isColor);
  // Drawing in place takes control characters; who does not want colour gets none of those either.
  return context.isColor && LiveArea.canDraw(stdout, options.progress.rows.length + otherLineCount)
    ? new LiveShow(stdout, context.clock, style, options)
    : plainShow(stdout, style, options);
}

/** A pipe has no width: nothing is cut. */
const unlimited = Number.POSITIVE_INFINITY;
const redrawIntervalMs = 1_000;

class LiveShow implements DemoShow {
  readonly #stdout: CliStream;
  readonly #clock: Clock;
  readonly #style: Style;
  readonly #options: ShowOptions;
  readonly #area: LiveArea;
  #rotatedNames: readonly string[] = [];
  #isFinished = false;
  #timer: Timer | undefined;

  constructor(stdout: CliStream, clock: Clock, style: Style, options: ShowOptions) {
    this.#stdout = stdout;
    this.#clock = clock;
    this.#style = style;
    this.#options = options;
    this.#area = new LiveArea(stdout);
  }

  start(): void {
    const { facts, progress } = this.#options;
    this.#stdout.write(`${headLines(facts, this.#style).join("\n")}\n`);
    progress.onChange = () => this.#draw();
    this.#tick();
  }

  rotated(syncNames: readonly string[]): void {
    this.#rotatedNames = syncNames;
    this.#draw();
  }

  finished(): void {
    this.#isFinished = true;
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#options.progress.onChange = () => {};
    this.#draw();
  }

  /** Ages grow without any event. */
  #tick(): void {
    this.#draw();
    this.#timer = this.#clock.setTimer(redrawIntervalMs, () => this.#tick());
  }

  #draw(): void {
    const { facts, progress, isInviting } = this.#options;
    const { rows, rotation } = progress;
    const style = this.#style;
    const { columns } = sizeOf(this.#stdout);
    this.#area.draw([
      ...tableLines(rows, style, columns),
      ...problemLines(rows, style, columns),
      ...(rotation === undefined ? [] : rotationLines(rotation, this.#rotatedNames, style)),
      ...(this.#isFinished && isInviting ? tryItLines(facts, style) : []),
    ]);
  }
}

function plainShow(stdout: CliStream, style: Style, { facts, progress, isInviting }: ShowOptions): DemoShow {
  const print = (lines: readonly string[]) => stdout.write(`${lines.join("\n")}\n`);
  const nameWidth = Math.max(0, ...progress.rows.map(({ name }) => name.length));
  const shown = new Map<string, string>();
  let arrivalCount = 0;
  return {
    start() {
      print(headLines(facts, style));
      progress.onChange = (name) => {
        const label = name.padEnd(nameWidth);
        const arrivals = progress.rotation?.arrivals ?? [];
        if (arrivals.length > arrivalCount) {
          arrivalCount = arrivals.length;
          print([`  ${label}  ${arrivalText(arrivals.at(-1)!, style)}`]);
        }
        const row = progress.rows.find((candidate) => candidate.name === name);
        if (row === undefined) return;
        const state = row.isReady === true ? "ready" : `not ready: ${row.reason}: ${row.message}`;
        if (shown.get(name) !== state) print([`  ${label}  ${state}`]);
        shown.set(name, state);
      };
    },
    rotated() {
      print(["", `  ${rotationHeading(progress.rotation!, style)}`]);
    },
    finished() {
      print([
        "",
        ...tableLines(progress.rows, style, stdout.isTTY === true ? sizeOf(stdout).columns : unlimited),
      ]);
      if (isInviting) print(tryItLines(facts, style));
    },
    [Symbol.dispose]() {
      progress.onChange = () => {};
    },
  };
}
