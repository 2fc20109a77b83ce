import { afterEach, describe, expect, it, vi } from "vitest";
import { PlaneModel } from "../dev/plane";
import { Runs } from "../src/runs";
import { Scope } from "../src/scope";
import { LandscapeRequest, PlaneRequest, type PlaneWish } from "../src/views/trajectory/requests";

describe("asking for a plane", () => {
  afterEach(() => vi.useRealTimers());

  function requests() {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const model = new PlaneModel("network", { rows: 300, steps: 400 });
    const client = new Runs(model).selected;
    const planes = new PlaneRequest(new Scope(), () => {});
    const wish = (own: Partial<PlaneWish>) =>
      planes.need(client, {
        key: "1",
        step: 200,
        newest: false,
        running: false,
        held: false,
        x: "travel",
        y: "oscillation",
        ...own,
      });
    const steps = () => model.asked.map(({ args }) => args.step);
    return { model, wish, steps };
  }

  it("waits until the cursor rests, and asks for its last step", async () => {
    const { wish, steps } = requests();
    wish({});
    for (const step of [201, 202, 203]) {
      vi.advanceTimersByTime(100);
      wish({ step });
    }
    expect(steps()).toEqual([200]);
    vi.advanceTimersByTime(149);
    expect(steps()).toEqual([200]);
    vi.advanceTimersByTime(1);
    expect(steps()).toEqual([200, 203]);
  });

  it("follows a run at most twice a second", async () => {
    const { model, wish } = requests();
    for (let i = 0; i < 40; i++) {
      wish({ step: 200 + i, newest: true, running: true });
      await Promise.resolve();
      vi.advanceTimersByTime(50);
    }
    expect(model.asked.length).toBeGreaterThanOrEqual(4);
    expect(model.asked.length).toBeLessThanOrEqual(5);
    expect(model.asked.every(({ args }) => args.step === null)).toBe(true);
  });

  it("does not ask again before an answer came", () => {
    const { model, wish } = requests();
    model.deaf = true;
    for (let i = 0; i < 40; i++) {
      wish({ step: 200 + i, newest: true, running: true });
      vi.advanceTimersByTime(50);
    }
    expect(model.asked).toHaveLength(1);
  });

  it("stays with a plane that is held for its contours", async () => {
    const { wish, steps } = requests();
    wish({ newest: true, running: true });
    await Promise.resolve();
    wish({ step: 240, newest: true, running: true, held: true });
    vi.advanceTimersByTime(2000);
    expect(steps()).toEqual([null]);
  });
});

describe("asking for a landscape", () => {
  it("asks again in another run for what did not come, and not for what came", async () => {
    const model = new PlaneModel("valley");
    const client = new Runs(model).selected;
    const landscape = new LandscapeRequest(() => {});
    const need = (run: string) => landscape.need(client, "toy", run, null, [2, 3], [0, 1]);
    need("1");
    need("1");
    expect(model.asked).toHaveLength(1);
    need("2");
    expect(model.asked).toHaveLength(2);
    await vi.waitFor(() => expect(landscape.share).toBe(1));
    expect(landscape.field?.grid.nx).toBe(49);
    need("3");
    expect(model.asked).toHaveLength(2);
  });

  it("asks again when more is shown, or much less", async () => {
    const model = new PlaneModel("valley");
    const client = new Runs(model).selected;
    const landscape = new LandscapeRequest(() => {});
    const asked = (x: [number, number]) => {
      landscape.need(client, "toy", "1", null, x, [0, 1]);
      return model.asked.length;
    };
    expect([asked([2, 3]), asked([2.2, 3]), asked([2, 3.1]), asked([2, 2.1])]).toEqual([1, 1, 2, 3]);
  });
});
