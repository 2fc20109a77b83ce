/** Densities that were asked for: one at a time, those that came kept, and those that were refused. */
import type { Client } from "../../client";
import type { Scope } from "../../scope";
import { Density } from "./density";

/** Who answers: the client of the branch that is looked at. */
type Surveyor = Pick<Client, "survey">;

/** A step of a process of one run. */
export interface Place {
  run: number;
  process: string;
  step: number;
}

/** How long the cursor rests before a density follows it. */
export const REST = 300;
/** Densities kept, the oldest go first. */
const KEPT = 24;

export class Surveys {
  private readonly kept = new Map<string, Density>();
  private readonly refused = new Map<string, string>();
  private surveyor: Surveyor | null = null;
  private pending: { key: string; end: () => void } | null = null;
  private last: { place: Place; density: Density } | null = null;
  private resting: { key: string; place: Place; end: () => void } | null = null;

  constructor(
    private readonly scope: Scope,
    private readonly changed: () => void,
  ) {
    scope.add(() => this.stop());
  }

  /** Of another branch nothing is known; call before anything else in an update. */
  use(surveyor: Surveyor): void {
    if (surveyor === this.surveyor) return;
    this.stop();
    this.surveyor = surveyor;
    this.kept.clear();
    this.refused.clear();
    this.last = null;
  }

  /** What came for this place; complete or still growing. */
  at(place: Place): Density | null {
    return this.kept.get(key(place)) ?? null;
  }

  /** What is to be drawn: the density of this place, else the last one of this process and run. */
  shown(place: Place): Density | null {
    const own = this.at(place);
    if (own) return own;
    const { last } = this;
    return last && last.place.run === place.run && last.place.process === place.process ? last.density : null;
  }

  refusal(place: Place): string {
    return this.refused.get(key(place)) ?? "";
  }

  isPending(place: Place): boolean {
    return this.pending?.key === key(place);
  }

  get busy(): boolean {
    return this.pending !== null;
  }

  ask(place: Place): void {
    if (!this.surveyor || this.isPending(place)) return;
    this.stop();
    const name = key(place);
    this.refused.delete(name);
    const done = () => {
      if (this.pending?.key === name) this.pending = null;
    };
    const { end } = this.surveyor.survey("density", { step: place.step, process: place.process }, (survey, refusal) => {
      if (!survey || survey.share >= 1) done();
      if (survey) this.keep(place, new Density(survey));
      else this.refused.set(name, refusal);
      this.changed();
    });
    this.pending = { key: name, end };
    this.changed();
  }

  /** Asks once the place has been the same for a while; a place that moves on by itself is asked for now and then. */
  follow(place: Place, moving: boolean): void {
    const name = key(place);
    if (this.at(place) || this.refused.has(name) || this.isPending(place) || (moving && this.busy)) {
      if (!moving) this.rest();
      return;
    }
    if (this.resting && (moving || this.resting.key === name)) {
      this.resting.key = name;
      this.resting.place = place;
      return;
    }
    this.rest();
    const resting = { key: name, place, end: () => {} };
    resting.end = this.scope.timeout(() => {
      this.resting = null;
      this.ask(resting.place);
    }, REST);
    this.resting = resting;
  }

  /** Follows no longer. */
  rest(): void {
    this.resting?.end();
    this.resting = null;
  }

  private stop(): void {
    this.rest();
    if (!this.pending) return;
    this.pending.end();
    // What had only begun to grow would never be complete.
    this.kept.delete(this.pending.key);
    this.pending = null;
  }

  private keep(place: Place, density: Density): void {
    this.kept.delete(key(place));
    this.kept.set(key(place), density);
    this.last = { place, density };
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
  }
}

function key({ run, process, step }: Place): string {
  return `${run} ${process} ${step}`;
}
