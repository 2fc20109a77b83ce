import { describe, expect, it } from "vitest";
import { mounted, painted } from "./helpers";

type Page = Awaited<ReturnType<typeof mounted>>;

async function forked(): Promise<Page> {
  const page = await mounted("paused");
  await page.key("f");
  const [step, rate] = page.root.querySelectorAll<HTMLInputElement>(".rf-dialog .rf-number");
  step.value = "159";
  rate.value = "0.5";
  press(page, "Fork", ".rf-dialog");
  await painted();
  await painted();
  return page;
}

function press({ root }: Page, text: string, within = ""): void {
  const found = [...root.querySelectorAll<HTMLElement>(`${within} button`)].find((b) => b.textContent === text);
  if (!found) throw new Error(`no button ${text}`);
  found.click();
}

const chips = ({ root }: Page) => [...root.querySelectorAll<HTMLElement>(".rf-branch")];

describe("a fork", () => {
  it("is asked for with its step and its learning rate, and stands beside its parent", async () => {
    const page = await forked();
    expect(page.commands().at(-1)).toMatchObject({ name: "fork", branch: 0, args: { at: 159, learning_rate: 0.5 } });
    expect(page.find(".rf-dialog").hidden).toBe(true);
    expect(chips(page).map((chip) => chip.querySelector(".rf-branch-name")?.textContent)).toEqual([
      "run",
      "fork at 159",
    ]);
    const hook = page.root.rodflow;
    expect(hook?.runs.others.map(({ branch }) => branch.id)).toEqual([1]);
    expect(hook?.runs.others[0].store.table("discrete")?.rows).toBe(393);
  });

  it("is asked for once, however often Enter is pressed", async () => {
    const page = await mounted("paused");
    await page.key("f");
    page.model.deaf = true;
    const rate = page.root.querySelectorAll<HTMLElement>(".rf-dialog .rf-number")[1];
    for (let i = 0; i < 3; i++) await page.key("Enter", {}, rate);
    expect(page.commands().map(({ name }) => name)).toEqual(["fork"]);
  });

  it("is reset to the step where it left its parent, and a question is about the run it was asked of", async () => {
    const page = await forked();
    await page.key("r");
    expect(page.text(".rf-notice")).toContain("Reset to step 0?");
    chips(page)[1].click();
    await painted();
    expect(page.text(".rf-notice")).not.toContain("Reset to");
    await page.key("r");
    expect(page.text(".rf-notice")).toContain("Reset to step 159?");
    expect(page.commands().some(({ name }) => name === "reset")).toBe(false);
  });

  it("from the present step says no step, so that nothing is computed again", async () => {
    const page = await mounted("paused");
    await page.key("f");
    press(page, "Fork", ".rf-dialog");
    expect(page.commands().at(-1)?.args).toEqual({ learning_rate: 1.1 });
  });

  it("can be looked at: controls and read-outs are about it then", async () => {
    const page = await forked();
    chips(page)[1].click();
    await painted();
    expect(page.root.dataset.branch).toBe("1");
    await page.key("]");
    expect(page.commands().at(-1)).toMatchObject({ name: "set", branch: 1 });
    expect(page.root.rodflow?.runs.others.map(({ branch }) => branch.name)).toEqual(["run"]);
  });

  it("is renamed, coloured, hidden and removed", async () => {
    const page = await forked();
    page.root.querySelectorAll<HTMLElement>(".rf-chip .rf-tool")[1].click();
    const name = page.root.querySelector<HTMLInputElement>(".rf-dialog [type=text]") as HTMLInputElement;
    const colour = page.root.querySelector<HTMLInputElement>(".rf-dialog [type=color]") as HTMLInputElement;
    name.value = "<b>slow</b>";
    colour.value = "#123456";
    (page.root.querySelector(".rf-dialog [type=checkbox]") as HTMLInputElement).click();
    press(page, "Done", ".rf-dialog");
    await painted();
    expect(page.commands().at(-1)).toMatchObject({
      name: "edit",
      branch: 1,
      args: { name: "<b>slow</b>", colour: "#123456", hidden: true },
    });
    expect(chips(page)[1].querySelector(".rf-branch-name")?.textContent).toBe("<b>slow</b>");
    expect(page.root.querySelector(".rf-branches b")).toBeNull();
    const more = page.root.querySelectorAll<HTMLElement>(".rf-chip .rf-tool")[1];
    expect([more.getAttribute("aria-label"), more.title]).toEqual(Array(2).fill("Change <b>slow</b>"));
    expect(page.root.rodflow?.runs.others).toEqual([]);
    page.root.querySelectorAll<HTMLElement>(".rf-chip .rf-tool")[1].click();
    press(page, "Remove", ".rf-dialog");
    await painted();
    expect(page.root.rodflow?.runs.all).toHaveLength(1);
    expect(page.find(".rf-branches").hidden).toBe(true);
  });

  it("keeps the form open with the reason where a change is refused", async () => {
    const page = await forked();
    page.root.querySelectorAll<HTMLElement>(".rf-chip .rf-tool")[1].click();
    (page.root.querySelector(".rf-dialog [type=text]") as HTMLInputElement).value = "taken";
    press(page, "Done", ".rf-dialog");
    await painted();
    expect(page.find(".rf-dialog").hidden).toBe(false);
    expect(page.text(".rf-dialog [role=alert]")).toContain("is taken by another branch");
  });
});

describe("tuning", () => {
  it("is undone by a key and by a button", async () => {
    const page = await mounted("paused");
    await page.key("u");
    page.find(".rf-transport [aria-label=Undo]").click();
    expect(page.commands().map(({ name }) => name)).toEqual(["undo", "undo"]);
  });

  it("follows a schedule with its numbers, or points drawn by hand", async () => {
    const page = await mounted("paused");
    const open = () =>
      [...page.root.querySelectorAll<HTMLElement>("[role=menuitem]")]
        .find((item) => item.textContent?.startsWith("Schedule"))
        ?.click();
    open();
    press(page, "Apply");
    await painted();
    expect(page.commands().at(-1)).toMatchObject({ name: "schedule", args: { kind: "cosine", steps: 208 } });
    open();
    const kind = page.root.querySelector(".rf-dialog select") as HTMLSelectElement;
    kind.value = "drawn";
    kind.dispatchEvent(new Event("change"));
    (page.root.querySelector(".rf-dialog textarea") as HTMLTextAreaElement).value = "0: 0.85\n100: 0.2; 208 0.1";
    press(page, "Apply");
    expect(page.commands().at(-1)?.args).toEqual({
      kind: "drawn",
      points: [
        [0, 0.85],
        [100, 0.2],
        [208, 0.1],
      ],
    });
  });
});
