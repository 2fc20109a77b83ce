/** A kernel without Python that answers surveys: toys of one and two parameters, and a network in a plane. */
import type { Command, Spec, State, Survey } from "../src/generated/messages";
import { FakeModel, type Scene } from "./fake";
import { quartic, type Toy, toySeries, valley } from "./toys";

export type Kind = "valley" | "quartic" | "network";

const STRIDES = [8, 4, 2, 1];
const WINDOW = 40;
const TOYS: Partial<Record<Kind, Toy>> = { valley, quartic };

export interface Options {
  state?: State | "gone";
  steps?: number;
  /** Rows that have run. */
  rows?: number;
  /** Step at which the learning rate rises fourfold. */
  raised?: number;
  /** Milliseconds between two answers of a survey, or one at every `next`; 0 answers at once. */
  pace?: number | "by hand";
  /** What the kernel says instead of answering. */
  refusing?: string;
}

type Told = Pick<Survey, "topic" | "step" | "share" | "facts" | "words"> & {
  arrays: Record<string, { shape: number[]; values: number[] }>;
};

export class PlaneModel extends FakeModel {
  /** Surveys that were asked for. */
  readonly asked: { id: string; topic: string; args: Record<string, unknown>; ended: boolean }[] = [];
  private toy: Toy | null;
  private start: number[];

  constructor(
    kind: Kind,
    private readonly options: Options = {},
  ) {
    const steps = options.steps ?? 200;
    super((options.state ?? "paused") as Scene, steps);
    this.toy = TOYS[kind] ?? null;
    this.start = this.toy?.start ?? [];
    if (this.toy) this.series = toySeries(this.toy, steps, this.start, options.raised);
    this.step = Math.min((options.rows ?? 113) - 1, this.series[0].rows.length - 1);
    if (this.toy) this.values.learning_rate = this.toy.rate;
    this.branches = [this.branch()];
    this.tellBranches();
  }

  override send(content: unknown): void {
    const message = content as Command;
    if (message.kind === "command" && message.name === "reset" && message.args.start && this.toy) {
      this.start = message.args.start as number[];
      this.series = toySeries(this.toy, this.steps, this.start);
    }
    if (message.kind === "command" && message.name === "survey") this.survey(message);
    else super.send(content);
    if (message.kind === "command" && message.name === "cancel")
      for (const entry of this.asked) if (entry.id === message.args.id) entry.ended = true;
  }

  private readonly held: (() => void)[] = [];

  private survey(message: Command): void {
    this.sent.push(message);
    const { id, branch } = message;
    const { topic, ...args } = message.args as { topic: string };
    const entry = { id, topic, args, ended: false };
    this.asked.push(entry);
    const { pace = 0, refusing = "" } = this.options;
    const answers = refusing ? [] : topic === "plane" ? [this.plane(args)] : this.landscape(args);
    const later = (handler: () => void) => {
      if (pace === "by hand") this.held.push(handler);
      else if (pace) setTimeout(handler, pace);
      else queueMicrotask(handler);
    };
    const say = (i: number) => {
      if (entry.ended || this.deaf || this.closed) return;
      if (i === answers.length) this.tell({ kind: "reply", branch, id, ok: !refusing, message: refusing, step: null });
      else {
        this.answer(id, branch, answers[i]);
        later(() => say(i + 1));
      }
    };
    later(() => say(0));
  }

  /** With a pace by hand: gives the next answer. */
  next(): void {
    this.held.shift()?.();
  }

  private answer(id: string, branch: number, { arrays, ...rest }: Told): void {
    const header = Object.entries(arrays).map(([name, { shape }]) => ({ name, shape }));
    const buffers = Object.values(arrays).map(({ values }) => new DataView(Float32Array.from(values).buffer));
    this.tell({ kind: "survey", branch, run: this.run, id, ...rest, arrays: header }, buffers);
  }

  /** In the plane of a network: a valley that falls along x. */
  private loss(w: number[]): number {
    return this.toy ? this.toy.loss(w) : 0.036 - 0.01 * w[0] + 1.1 * w[1] ** 2 * (1 - 0.8 * w[0]);
  }

  private landscape(args: Record<string, unknown>): Told[] {
    const [x, y] = [args.x as number[], (args.y as number[] | undefined) ?? null];
    const nx = args.size as number;
    const ny = y ? nx : 1;
    const node = (range: number[], i: number, n: number) => range[0] + (i / (n - 1)) * (range[1] - range[0]);
    return STRIDES.map((stride) => {
      const values = Array<number>(nx * ny).fill(Number.NaN);
      for (let row = 0; row < ny; row += stride)
        for (let i = 0; i < nx; i += stride)
          values[row * nx + i] = this.loss([node(x, i, nx), ...(y ? [node(y, row, ny)] : [])]);
      const facts = { x_from: x[0], x_to: x[1], ...(y && { y_from: y[0], y_to: y[1] }) };
      const arrays = { loss: { shape: y ? [ny, nx] : [nx], values } };
      return { topic: "landscape", step: this.step, share: 1 / stride ** 2, facts, words: {}, arrays };
    });
  }

  private plane(args: Record<string, unknown>): Told {
    const newest = this.step;
    const step = (args.step as number | null) ?? newest;
    const first = Math.max(0, step - WINDOW / 2);
    const last = Math.min(newest, step + WINDOW / 2);
    const times = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const pairs = (value: (t: number) => number[]) => ({ shape: [times.length, 2], values: times.flatMap(value) });
    const swing = (t: number) => 0.036 + 0.014 * Math.sin(t / 25);
    const along = (t: number) => 0.0105 * (t - step);
    const arrays: Told["arrays"] = {};
    for (const { spec } of this.series) {
      const lift = { iterates: 0, rod: 0, central: -0.0007, edge: 0.0004, stable: -0.003 }[spec.kind];
      const centre = (t: number) => [along(t + 0.5) - Math.abs(lift) * 2, lift];
      const iterate = (t: number) => [along(t), t % 2 ? swing(t) : -swing(t)];
      arrays[`${spec.name}/time`] = { shape: [times.length], values: times };
      arrays[`${spec.name}/coordinates`] = pairs(spec.kind === "iterates" ? iterate : centre);
      if (spec.kind === "rod") arrays["rod/rod"] = pairs((t) => [0.0002, 0.93 * swing(t)]);
    }
    const facts = { step, first, last, inside: 0.997, along: 0.994 };
    const axis = (name: string, word: unknown) => (word === name ? `direction of ${name}` : String(word));
    const words = { x: axis("travel", args.x), y: axis("oscillation", args.y) };
    return { topic: "plane", step, share: 1, facts, words, arrays };
  }

  protected override spec(): Spec {
    const spec = super.spec();
    if (!this.toy) return spec;
    const { name, coordinates } = this.toy;
    const problem = { ...spec.problem, name, dim: coordinates.length, coordinates, start: this.start };
    return { ...spec, problem };
  }
}
