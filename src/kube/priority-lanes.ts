import { assert } from "../core/assert.ts";

/** What {@link PriorityLanes} keep: an object that carries its own links, so that leaving a lane costs nothing. */
export interface LaneItem<T> {
  priority: number;
  /** The lanes' own. */
  next: T | undefined;
  previous: T | undefined;
}

interface Lane<T> {
  readonly priority: number;
  first: T | undefined;
  last: T | undefined;
  /** Turns that went to another lane while this one waited. */
  passedOver: number;
}

/**
 * First come, first served within a priority; the highest priority first, except that a lane that was passed over
 * `shareTurns` times in a row gets the next turn. So with n lanes none waits longer than `shareTurns` + n turns.
 */
export class PriorityLanes<T extends LaneItem<T>> {
  readonly #shareTurns: number;
  /** Only lanes with items, highest priority first. */
  readonly #lanes: Lane<T>[] = [];
  #size = 0;

  constructor(shareTurns: number) {
    assert(shareTurns >= 1, "a share is at least one turn");
    this.#shareTurns = shareTurns;
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const lane = this.#laneFor(item.priority);
    item.previous = lane.last;
    item.next = undefined;
    if (lane.last === undefined) lane.first = item;
    else lane.last.next = item;
    lane.last = item;
    this.#size++;
  }

  /** Takes out an item that is in a lane. */
  remove(item: T): void {
    const lane = this.#lanes.find((candidate) => candidate.priority === item.priority);
    assert(lane !== undefined, "the item is in a lane");
    if (item.previous === undefined) lane.first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) lane.last = item.previous;
    else item.next.previous = item.previous;
    item.next = undefined;
    item.previous = undefined;
    this.#size--;
    if (lane.first === undefined) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
  }

  shift(): T | undefined {
    let chosen = this.#lanes[0];
    if (chosen === undefined) return undefined;
    for (const lane of this.#lanes) {
      if (lane.passedOver >= this.#shareTurns && lane.passedOver > chosen.passedOver) chosen = lane;
    }
    for (const lane of this.#lanes) lane.passedOver++;
    chosen.passedOver = 0;
    const item = chosen.first!;
    this.remove(item);
    return item;
  }

  #laneFor(priority: number): Lane<T> {
    let index = 0;
    while (index < this.#lanes.length && this.#lanes[index]!.priority > priority) index++;
    const existing = this.#lanes[index];
    if (existing?.priority === priority) return existing;
    const lane: Lane<T> = { priority, first: undefined, last: undefined, passedOver: 0 };
    this.#lanes.splice(index, 0, lane);
    return lane;
  }
}
