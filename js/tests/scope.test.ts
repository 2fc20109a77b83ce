import { describe, expect, it, vi } from "vitest";
import { Scope } from "../src/scope";
import { mounted } from "./helpers";
import { alive } from "./setup";

describe("a scope", () => {
  it("ends everything once, the newest first", () => {
    const scope = new Scope();
    const ended: string[] = [];
    scope.add(() => ended.push("a"));
    scope.add(() => ended.push("b"));
    scope.dispose();
    scope.dispose();
    expect(ended).toEqual(["b", "a"]);
    scope.add(() => ended.push("late"));
    expect(ended).toEqual(["b", "a", "late"]);
    expect(scope.size).toBe(0);
  });

  it("forgets listeners, timers and children", () => {
    vi.useFakeTimers();
    const scope = new Scope();
    const called = vi.fn();
    const target = new EventTarget();
    scope.listen(target, "x", called);
    scope.child().listen(target, "x", called);
    scope.timeout(called, 10);
    scope.dispose();
    target.dispatchEvent(new Event("x"));
    vi.advanceTimersByTime(20);
    expect(called).not.toHaveBeenCalled();
    vi.useRealTimers();
  });

  it("lets go of a timer that has fired and of a child that has ended", () => {
    vi.useFakeTimers();
    const scope = new Scope();
    scope.timeout(() => {}, 10);
    scope.child().dispose();
    vi.advanceTimersByTime(10);
    expect(scope.size).toBe(0);
    vi.useRealTimers();
  });
});

describe("mounting and unmounting 20 times", () => {
  it("leaves no listener, observer, chart or subscription behind", async () => {
    const first = await mounted("running");
    first.unmount();
    const { client } = first.root.rodflow ?? {};
    expect(client).toBeUndefined();
    const before = { ...alive };
    for (let i = 0; i < 20; i++) {
      const widget = await mounted(i % 2 ? "running" : "diverged");
      const hook = widget.root.rodflow;
      const client = hook?.client;
      expect(widget.el.querySelectorAll("canvas")).toHaveLength(4);
      expect(alive.observers).toBeGreaterThan(before.observers);
      widget.unmount();
      expect(widget.el.childElementCount).toBe(0);
      expect(hook?.owned()).toBe(0);
      expect(hook?.runs.changed.size).toBe(0);
      widget.stop();
      expect(widget.model.listeners).toBe(0);
      expect([hook?.runs.scope.size, client?.scope.size]).toEqual([0, 0]);
      expect([client?.changed.size, client?.store.changed.size]).toEqual([0, 0]);
    }
    expect(alive).toEqual(before);
    first.stop();
  }, 60_000); // Twenty widgets are seconds of work on a busy machine; the time is not what is tested.

  it("keeps a picture that outlives its runs, without a kernel", async () => {
    const widget = await mounted("running");
    widget.stop();
    await widget.key("t");
    expect([widget.root.dataset.tab, widget.root.dataset.state]).toEqual(["trajectory", "gone"]);
    widget.unmount();
  });

  it("serves two views from one client, which outlives them", async () => {
    const widget = await mounted("running");
    const second = await widget.again();
    expect(second.root.rodflow?.client).toBe(widget.root.rodflow?.client);
    expect(widget.model.sent.filter(({ kind }) => kind === "hello")).toHaveLength(1);
    widget.unmount();
    widget.model.advance(2);
    expect(second.root.rodflow?.times().discrete.at(-1)).toBe(488);
    second.unmount();
    widget.model.advance(1);
    expect(widget.model.sent.filter(({ kind }) => kind === "ack")).toHaveLength(3);
    expect(widget.model.sent.some(({ kind }) => kind === "bye")).toBe(false);
    widget.stop();
    expect(widget.model.sent.at(-1)?.kind).toBe("bye");
  });
});
