import { sample } from "../charts/grid";
import { PlaneChart, type PlaneFrame } from "../charts/plane";
import type { Context } from "../context";
import { h, setAttribute, setText } from "../dom";
import type { Range } from "../ranges";
import type { ProcessSpec } from "../wire";
import { moveCursor, stepAt } from "./pointer";
import { ownEnd } from "./reading";
import { AlongChart } from "./trajectory/along";
import { IteratesPainter } from "./trajectory/dots";
import { PlaneForm, TrailControl } from "./trajectory/form";
import { isIterates } from "./trajectory/paint";
import { Rail } from "./trajectory/rail";
import { outside } from "./trajectory/range";
import { LandscapeRequest, PlaneRequest } from "./trajectory/requests";
import { alongRod, nearest, paintScene, Ranges, type Scene } from "./trajectory/scene";
import { StartHandle } from "./trajectory/start";
import { otherRuns, projected, recorded, rowAt } from "./trajectory/tracks";
import { type Ended, factsOf, labelOf, type Mode, noteOf, sentencesOf, subtitleOf, titleOf } from "./trajectory/words";
import type { Plate, View } from "./view";

/** A click chooses the iterate that is no farther away, in pixels. */
const NEAR = 10;
const HEIGHTS = { wide: 304, narrow: 280, tiny: 230 };
const ALONG_WIDTH = 204;

/** The run in a plane: contours of the loss, iterates, flow centres, and the rod at the cursor's step. */
export class TrajectoryView implements View {
  readonly element: HTMLElement;
  /** For a toolbar: until it is moved there, it stands beside the title or the directions. */
  readonly tools: HTMLElement;
  readonly chart: PlaneChart;
  private readonly host = h("div", { class: "rf-plane-host" });
  private readonly head = h("div", { class: "rf-panel-head" });
  private readonly title = h("h3", { class: "rf-panel-title" });
  private readonly subtitle = h("span", { class: "rf-subtitle" });
  private readonly sentences = h("ul", { class: "rf-sentences rf-plane-words" });
  private readonly trail: TrailControl;
  private readonly form: PlaneForm;
  private readonly rail: Rail;
  private readonly along = new AlongChart();
  private readonly start: StartHandle;
  private readonly landscape: LandscapeRequest;
  private readonly planes: PlaneRequest;
  private readonly ranges = new Ranges();
  private readonly iterates = new IteratesPainter();
  private scene: Scene | null = null;
  private run = "";
  private told = "";

  constructor(private readonly context: Context) {
    const { scope, redraw } = context;
    this.chart = new PlaneChart(scope, this.host);
    this.trail = new TrailControl(context);
    this.tools = this.trail.element;
    this.form = new PlaneForm(context);
    this.rail = new Rail(context, this.along.element);
    this.landscape = new LandscapeRequest(redraw);
    this.planes = new PlaneRequest(scope, redraw);
    const restart = (place: [number, number]) => this.restart(place);
    this.start = new StartHandle(scope, this.chart, () => context.client.spec.problem.coordinates, redraw, restart);
    this.host.append(this.start.element);
    this.head.append(this.title, this.subtitle, this.tools);
    this.element = h(
      "div",
      { class: "rf-figure rf-trajectory", tabindex: 0, role: "group", "aria-roledescription": "figure" },
      h("div", { class: "rf-plane" }, this.head, this.form.element, this.host, this.sentences),
      this.rail.element,
    );
    scope.listen<MouseEvent>(this.host, "click", (event) => this.choose(event));
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.host);
    scope.observe(observer);
    scope.add(() => this.planes.forget());
    scope.add(() => this.landscape.forget());
  }

  get at(): number | null {
    return stepAt(this.context);
  }

  moveCursor(rows: number): void {
    moveCursor(this.context, rows);
  }

  plates(): Plate[] {
    const { width, height } = this.chart.size;
    const paint = (ctx: CanvasRenderingContext2D) => this.chart.paintInto(ctx, width, height);
    return [{ title: this.title.textContent ?? "", width, height, paint }];
  }

  resize(): void {
    this.context.redraw();
  }

  update(): void {
    const { context } = this;
    const { client, theme, size } = context;
    const run = `${client.branch.id}/${client.store.run}`;
    if (this.run !== run) {
      this.run = run;
      this.start.moved = null;
    }
    if (!client.answers) {
      this.planes.lose();
      this.landscape.lose();
    }
    const scene = this.look();
    this.scene = scene;
    const width = Math.floor(this.host.clientWidth);
    const height = HEIGHTS[size];
    this.host.style.height = `${this.chart.resize(width, height)}px`;
    this.chart.show({
      x: scene.x,
      y: scene.y,
      xName: scene.names[0],
      yName: scene.names[1],
      theme,
      bare: scene.mode === "network" && !scene.plane,
      paint: (frame: PlaneFrame) => paintScene(frame, theme, scene, this.iterates),
    });
    this.start.update(client.can("reset") ? scene.start : null, !client.gone);
    this.tell(scene);
  }

  /** Everything that is shown, from the newest of all sources; what is missing is asked for. */
  private look(): Scene {
    const { context, landscape, planes, ranges } = this;
    const { client } = context;
    const { coordinates, start } = client.spec.problem;
    const mode: Mode = coordinates.length === 2 ? "plane" : coordinates.length === 1 ? "line" : "network";
    const { at } = this;
    if (mode === "network") this.askPlane(at);
    const plane = mode === "network" ? planes.plane : null;
    const tracks = mode === "network" ? (plane ? projected(context, plane) : []) : recorded(context);
    const others = mode === "network" ? [] : otherRuns(context);
    const shown = plane && at !== null ? Math.min(Math.max(at, plane.first), plane.last) : (at ?? -1);
    const from = this.start.moved ?? (start as [number, number]);
    const running = client.status.state === "running";
    const run = { running, diverged: this.diverged, run: this.run, plane: plane?.id ?? "" };
    const x = ranges.across(mode, tracks, others, start, run);
    const old = this.wantsLoss(mode) ? landscape.field : null;
    const y = ranges.up(mode, tracks, others, start, old?.grid ?? null, x, run);
    if (client.answers) this.askLandscape(mode, x, y);
    const field = this.wantsLoss(mode) ? landscape.field : null;
    const curve = mode === "line" ? field?.grid : null;
    const height = mode === "line" ? (w: number) => (curve ? sample(curve, w) : Number.NaN) : null;
    const place: [number, number] = height ? [from[0], finite(height(from[0]), y)] : [from[0], from[1]];
    return {
      mode,
      run: this.run,
      tracks,
      others,
      trail: this.trail.trail,
      ended: new Set(this.ends(at).map(({ process }) => process.name)),
      at,
      shown,
      x,
      y,
      names:
        mode === "line"
          ? [coordinates[0], "loss"]
          : plane
            ? [plane.xName, plane.yName]
            : [coordinates[0] ?? "", coordinates[1] ?? ""],
      plane,
      field,
      height,
      start: mode === "network" ? null : place,
      startText: this.start.moved ? "start here" : "start",
      note: noteOf(mode, {
        lacking: client.answers ? "" : client.gone ? "kernel" : "engine",
        refusal: planes.refusal || landscape.refusal,
        plane: plane !== null,
        field: field !== null,
        wanted: this.wantsLoss(mode),
        at,
      }),
    };
  }

  /** How processes that are shown had ended by themselves at a step. */
  private ends(at: number | null): Ended[] {
    const { client, styles, view } = this.context;
    return styles.flatMap(({ process, label }) => {
      const end = view.hidden.has(process.name) ? null : ownEnd(client, process);
      return end && at !== null && at >= end.step - 1 ? [{ process, label, end }] : [];
    });
  }

  private get diverged(): boolean {
    const { client, styles } = this.context;
    const iterates = styles.find((style) => style.process.kind === "iterates")?.process.name ?? "";
    return client.status.state === "diverged" || client.status.processes[iterates]?.state === "diverged";
  }

  /** Contours keep their plane while the run goes on and the cursor follows it. */
  private get held(): boolean {
    const { client, view } = this.context;
    return this.form.contours && view.cursor === null && client.status.state === "running";
  }

  private wantsLoss(mode: Mode): boolean {
    return mode !== "network" || this.form.contours;
  }

  private askPlane(at: number | null): void {
    const { client, view } = this.context;
    if (!client.answers) return;
    const running = client.status.state === "running";
    const newest = view.cursor === null;
    const { x, y } = this.form.directions;
    this.planes.need(client, {
      key: [this.run, x, y].join(" "),
      step: at,
      newest,
      running,
      held: this.held,
      x,
      y,
    });
  }

  private askLandscape(mode: Mode, x: Range, y: Range): void {
    const { landscape, planes, context } = this;
    const { client } = context;
    if (mode !== "network")
      landscape.need(client, client.spec.problem.name, this.run, null, x, mode === "line" ? null : y);
    else if (this.form.contours && planes.plane)
      landscape.need(client, planes.plane.id, this.run, planes.plane.id, x, y);
    else landscape.drop();
  }

  private tell(scene: Scene): void {
    const { context, form, landscape } = this;
    const { client } = context;
    const { mode, plane, field, at } = scene;
    setText(this.title, titleOf(mode, plane, field !== null));
    setText(this.subtitle, subtitleOf(mode, plane, field?.contours ?? null, landscape.share));
    setAttribute(this.element, "aria-label", labelOf(context, mode, scene.names, at));
    this.element.dataset.mode = mode;
    form.element.hidden = mode !== "network";
    const [home, away] = mode === "network" ? [form.element, this.head] : [this.head, form.element];
    if (this.tools.parentElement === away) home.append(this.tools);
    form.update(form.contours && landscape.share < 1 ? landscape.share : null, client.answers && at !== null);
    this.rail.update(at, factsOf(context, at, plane));
    const why = mode === "network" && !field ? "Comes with the contours of the loss." : "";
    this.along.update(alongRod(scene, context.theme), why, context.theme, ALONG_WIDTH);
    const iterates = scene.tracks.find(isIterates);
    const missed = iterates ? outside(iterates, rowAt(iterates, scene.shown + 1), scene.x, scene.y) : 0;
    const { held } = this;
    const waited = !held && form.contours && client.answers && client.status.state !== "running" ? at : null;
    // Where the run diverged, the box below says so.
    const ends = this.ends(at).filter(({ process }) => client.status.state !== "diverged" || !leads(process));
    const sentences = sentencesOf(mode, plane, { held: held ? at : null, waited }, missed, ends);
    const told = JSON.stringify(sentences);
    if (told === this.told) return;
    this.told = told;
    this.sentences.hidden = !sentences.length;
    this.sentences.replaceChildren(
      ...sentences.map((sentence) =>
        h("li", {}, ...sentence.map((piece) => (typeof piece === "string" ? piece : h("b", {}, piece.strong)))),
      ),
    );
  }

  /** The iterate under the pointer becomes the cursor's step; elsewhere a click goes back to the newest. */
  private choose(event: MouseEvent): void {
    const { left, top } = this.host.getBoundingClientRect();
    const iterates = this.scene?.tracks.find(isIterates);
    const place = (x: number, y: number) => this.chart.place(x, y);
    const time = iterates ? nearest(iterates, place, event.clientX - left, event.clientY - top, NEAR) : null;
    this.context.view.setCursor(time, time !== null);
  }

  /** Runs from another starting point. */
  private restart(place: [number, number]): void {
    const { client } = this.context;
    const start = place.slice(0, client.spec.problem.coordinates.length);
    void client.command("reset", { start }).then((reply) => {
      if (reply.ok) return client.command("resume");
      this.start.moved = null;
      this.context.redraw();
      return reply;
    });
  }
}

function leads({ kind }: ProcessSpec): boolean {
  return kind === "iterates";
}

function finite(value: number, [low, high]: Range): number {
  return Number.isFinite(value) ? value : (low + high) / 2;
}
