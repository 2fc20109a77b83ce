/** Spectra that look like those of a network: recorded eigenvalues, and densities as the kernel would send them. */
import type { Command, Parameter, Spec } from "../src/generated/messages";
import type { Survey } from "../src/wire";
import { FakeModel, type Scene } from "./fake";
import type { Series } from "./series";

const SHARES = [1, 0.988, 0.944, 0.928, 0.864, 0.82, 0.785, 0.778, 0.74, 0.71];
const DIM = 3466;

/** The series with `k` eigenvalues in every row, whatever the process; 0 leaves it as it is. */
function withEigenvalues(series: Series, k: number): Series {
  if (!k) return series;
  const old = series.spec.columns.map(({ name, width }) => ({ name, width }));
  const offsets = new Map<string, number>();
  let offset = 0;
  for (const { name, width } of old) {
    offsets.set(name, offset);
    offset += width;
  }
  const kept = series.spec.columns.filter(({ name }) => name !== "eigenvalues" && name !== "critical_directions");
  const plain = { unit: "", meaning: "", source: "", signal: [] };
  const columns = [
    ...kept,
    { ...plain, name: "eigenvalues", meaning: "largest eigenvalues of the Hessian in descending order", width: k },
    { ...plain, name: "critical_directions", meaning: "tracked eigenvalues at the edge", width: 1 },
  ];
  const rows = series.rows.map((row) => {
    const at = (name: string) => row[offsets.get(name) ?? 0];
    const values = eigenvalues(at("sharpness"), at("time"), k);
    const critical = values.filter((value) => value >= 0.975 * at("edge_threshold")).length;
    return [
      ...kept.flatMap(({ name, width }) => row.slice(offsets.get(name), (offsets.get(name) ?? 0) + width)),
      ...values,
      critical,
    ];
  });
  return { ...series, spec: { ...series.spec, columns }, rows };
}

/** The largest eigenvalues at one time: they keep their order and do not move as one. */
function eigenvalues(sharpness: number, time: number, k: number): number[] {
  return Array.from({ length: k }, (_, i) => {
    const share = SHARES[i] ?? 0.7 / (1 + 0.05 * (i - SHARES.length));
    return (
      sharpness * (share + (i ? 0.006 * Math.sin(time / (17 + 3 * i)) - 0.04 * Math.exp(-time / (20 + 8 * i)) : 0))
    );
  });
}

/** A density with its largest eigenvalue at `sharpness`: a bulk at zero, a tail, and outliers. */
export function density(step: number, sharpness = 2.343, threshold = 2.353, exact = false): Survey {
  const values = SHARES.map((share) => share * sharpness);
  for (let i = 0; i < 190; i++) values.push(0.7 * sharpness * Math.exp(-i / 34));
  while (values.length < DIM) values.push(0.006 * Math.sin(values.length * 12.9898) ** 3);
  const width = 0.012;
  const low = -0.06;
  const high = Math.max(...values) + 5 * width;
  const size = 512;
  const grid = Float32Array.from({ length: size }, (_, i) => low + ((high - low) * i) / (size - 1));
  const smooth = new Float64Array(size);
  for (const value of values)
    for (let i = 0; i < size; i++) {
      const z = (grid[i] - value) / width;
      if (Math.abs(z) < 5) smooth[i] += Math.exp(-0.5 * z * z) / (width * Math.sqrt(2 * Math.PI));
    }
  const array = (numbers: ArrayLike<number>) => ({ shape: [numbers.length], values: Float32Array.from(numbers) });
  return {
    topic: "density",
    step,
    share: 1,
    facts: { step, dim: DIM, threshold, exact: exact ? 1 : 0, products: 400, smallest: -0.006 },
    words: {},
    arrays: new Map([
      ["grid", array(grid)],
      ["density", array(smooth)],
      ["error", array(smooth.map((value) => (exact ? 0 : 0.25 * Math.sqrt(value / 20 + 0.01) * Math.sqrt(20))))],
      ["outliers", array(values.slice(0, SHARES.length))],
    ]),
  };
}

/**
 * A kernel that records `k` eigenvalues of every process and is asked for densities: it answers by itself after `pace`
 * milliseconds, or, without a pace, when `answer` or `refuse` is called.
 */
export class DensityModel extends FakeModel {
  /** Densities that were asked for. */
  readonly asked: { id: string; step: number; process: string; ended: boolean }[] = [];

  constructor(
    scene: Scene,
    private readonly k = 8,
    others: Parameter[] = [],
    private readonly pace: number | null = null,
  ) {
    super(scene, 600, others);
    this.series = this.series.map((series) => withEigenvalues(series, k));
    this.branches = [this.branch()];
    this.tellBranches();
  }

  override send(content: unknown): void {
    const message = content as Command;
    if (message.kind !== "command" || message.name !== "survey") super.send(content);
    if (message.kind !== "command") return;
    if (message.name === "cancel") for (const one of this.asked) if (one.id === message.args.id) one.ended = true;
    if (message.name !== "survey") return;
    const { step, process } = message.args as { step: number; process: string };
    this.asked.push({ id: message.id, step, process, ended: false });
    if (this.pace !== null)
      for (const share of [0.2, 0.6, 1])
        setTimeout(() => this.answer({ ...this.density(step, process), share }), share * this.pace);
  }

  /** Sends a density to who asked last. */
  answer({ arrays, ...rest }: Survey): void {
    const last = this.asked.at(-1);
    if (!last || last.ended) return;
    const header = [...arrays].map(([name, { shape }]) => ({ name, shape }));
    const buffers = [...arrays.values()].map(({ values }) => new DataView(values.buffer));
    this.tell({ kind: "survey", branch: 0, run: this.run, id: last.id, ...rest, arrays: header }, buffers);
    if (rest.share >= 1) this.reply(last.id, "");
  }

  refuse(message: string): void {
    this.reply(this.asked.at(-1)?.id ?? "", message);
  }

  private reply(id: string, message: string): void {
    this.tell({ kind: "reply", branch: 0, id, ok: !message, message, step: null });
  }

  private density(step: number, process: string): Survey {
    const { spec, rows, start } = this.series.find((series) => series.spec.name === process) ?? this.series[0];
    const row = rows[Math.round(step) - start];
    const at = (name: string) => row[spec.columns.findIndex((column) => column.name === name)];
    return density(step, at("sharpness"), at("edge_threshold"));
  }

  protected override spec(): Spec {
    return { ...super.spec(), eigenvalues: this.k || 4 };
  }
}
