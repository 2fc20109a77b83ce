/** The surveys that are asked for: when, and which answer is still wanted. */
import { Contours } from "../../charts/contours";
import { type Grid, readGrid } from "../../charts/grid";
import type { Client } from "../../client";
import type { Range } from "../../ranges";
import type { Scope } from "../../scope";
import type { Survey } from "../../wire";
import { type Plane, readPlane } from "./tracks";

/** Nodes of a landscape along each side. */
const SIZE = 49;
/** Nodes from which on a landscape takes the place of an older one. */
const ENOUGH = 13;
/** A cursor that rests this long is followed. */
const REST = 150;
/** At most one plane in this time while the run goes on. */
const PACE = 500;
/** A plane that does not come in this time is asked for again. */
const PATIENCE = 3000;

/** The loss over a plane, or over a line. */
export interface Field {
  grid: Grid;
  contours: Contours | null;
  serial: number;
}

export class LandscapeRequest {
  field: Field | null = null;
  /** Share of the landscape asked for that is there; 1 where none is on its way. */
  share = 1;
  refusal = "";
  private asked: { key: string; run: string; x: Range; y: Range | null } | null = null;
  private end = () => {};
  private serial = 0;

  constructor(private readonly changed: () => void) {}

  /** Sees to it that the loss over this range is there or on its way. `plane`: id, or null for the coordinates. What was asked for in another `run` and did not come is asked for again. */
  need(client: Client, key: string, run: string, plane: string | null, x: Range, y: Range | null): void {
    const { asked } = this;
    const enough = asked?.key === key && covers(asked.x, x) && (!y || (asked.y !== null && covers(asked.y, y)));
    if (enough && (asked.run === run || (this.share >= 1 && !this.refusal))) return;
    this.end();
    if (asked && asked.key !== key) this.field = null;
    this.asked = { key, run, x, y };
    this.share = 0;
    this.refusal = "";
    const args = { plane, x, ...(y && { y }), size: SIZE };
    const { end } = client.survey("landscape", args, (survey, refusal) => {
      this.refusal = refusal;
      if (survey) this.take(survey, x, y);
      else this.share = 1;
      this.changed();
    });
    this.end = end;
  }

  private take({ share, facts, arrays }: Survey, x: Range, y: Range | null): void {
    const loss = arrays.get("loss");
    this.share = share;
    const xs: Range = [facts.x_from ?? x[0], facts.x_to ?? x[1]];
    const ys: Range = y ? [facts.y_from ?? y[0], facts.y_to ?? y[1]] : [0, 0];
    const [ny, nx] = y ? (loss?.shape ?? [0, 0]) : [1, loss?.shape[0] ?? 0];
    const grid = loss ? readGrid(loss.values, nx, ny, xs, ys, share >= 1) : null;
    if (grid && (!this.field || share >= 1 || grid.nx >= ENOUGH))
      this.field = { grid, contours: y ? new Contours(grid) : null, serial: ++this.serial };
  }

  /** The kernel has gone: what was on its way will not come, what came stays. */
  lose(): void {
    if (this.share < 1) this.asked = null;
    this.share = 1;
  }

  /** Waits for no answer any more; asked again where it had not come. */
  forget(): void {
    this.end();
    this.lose();
  }

  drop(): void {
    this.forget();
    this.asked = null;
    this.field = null;
    this.refusal = "";
  }
}

function covers([from, to]: Range, [a, b]: Range): boolean {
  const room = 1e-9 * (to - from);
  return a >= from - room && b <= to + room && b - a > (to - from) / 4;
}

export interface PlaneWish {
  /** What the kernel, the run and the directions are. */
  key: string;
  /** Step of the cursor, or the newest; null before the first row. */
  step: number | null;
  /** Whether it is the newest, which the kernel may know better. */
  newest: boolean;
  running: boolean;
  /** Keeps the plane while the run goes on. */
  held: boolean;
  x: string;
  y: string;
}

export class PlaneRequest {
  plane: Plane | null = null;
  refusal = "";
  private asked: { key: string; step: number; time: number; answered: boolean } | null = null;
  private wish: PlaneWish | null = null;
  private client: Client | null = null;
  private timer: { due: number; step: number | null; stop: () => void } | null = null;
  private end = () => {};

  constructor(
    private readonly scope: Scope,
    private readonly changed: () => void,
  ) {}

  /** Sees to it that the plane that is wished for comes; of wishes that follow one another fast, the last wins. */
  need(client: Client, wish: PlaneWish): void {
    this.wish = wish;
    this.client = client;
    if (this.asked?.key !== wish.key) this.forget();
    if (wish.step === null) this.plane = null;
    const { asked, timer } = this;
    if (wish.step === null || asked?.step === wish.step || (wish.held && asked)) {
      this.stopTimer();
      return;
    }
    const now = performance.now();
    const following = wish.newest && wish.running;
    const due = this.due(now, following);
    if (due <= now) {
      this.ask();
      return;
    }
    if (timer && (following ? timer.due <= due : timer.step === wish.step)) return;
    this.stopTimer();
    const stop = this.scope.timeout(() => {
      this.timer = null;
      this.ask();
    }, due - now);
    this.timer = { due, step: wish.step, stop };
  }

  private due(now: number, following: boolean): number {
    if (!this.asked) return now;
    if (!following) return now + REST;
    return this.asked.time + (this.asked.answered ? PACE : PATIENCE);
  }

  private ask(): void {
    const { wish, client } = this;
    if (!wish || !client || wish.step === null) return;
    this.stopTimer();
    this.end();
    const asked = { key: wish.key, step: wish.step, time: performance.now(), answered: false };
    this.asked = asked;
    const args = { step: wish.newest ? null : wish.step, window: null, x: wish.x, y: wish.y };
    const { id, end } = client.survey("plane", args, (survey, refusal) => {
      asked.answered = true;
      this.refusal = refusal;
      if (survey) this.plane = readPlane(id, survey);
      this.changed();
    });
    this.end = end;
  }

  private stopTimer(): void {
    this.timer?.stop();
    this.timer = null;
  }

  /** The kernel has gone: asked again once it is back. */
  lose(): void {
    this.stopTimer();
    if (this.asked && !this.asked.answered) this.asked = null;
  }

  /** Waits for no answer any more; the plane that is there stays. */
  forget(): void {
    this.stopTimer();
    this.end();
    this.asked = null;
    this.refusal = "";
  }
}
